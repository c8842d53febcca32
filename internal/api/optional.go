package api

import (
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"agendaonline/internal/crm"
)

// Optional is a text that may be absent, which is null in JSON and "" here: a date, a time of day, an id, an instant.
// Reading, "" is taken for null too.
type Optional string

// MarshalJSON writes null for none.
func (o Optional) MarshalJSON() ([]byte, error) {
	if o == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(o))
}

// UnmarshalJSON reads null as none.
func (o *Optional) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*o = ""
		return nil
	}
	return json.Unmarshal(data, (*string)(o))
}

// Schema is a text or null.
func (Optional) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Nullable: true}
}

// idText is an id as JSON has it.
func idText[Of any](id crm.ID[Of]) Optional { return Optional(id.String()) }

// instant is an instant as JSON has it: RFC 3339 in UTC, to the microsecond.
func instant(at time.Time) Optional {
	if at.IsZero() {
		return ""
	}
	return Optional(at.UTC().Format("2006-01-02T15:04:05.999999Z"))
}

// texts are the values of a named string type, never null in JSON.
func texts[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = string(value)
	}
	return list
}

// params are the places of a sentence, never null in JSON.
func params(values map[string]string) map[string]string {
	if values == nil {
		return map[string]string{}
	}
	return values
}

// views makes a list for JSON, which is never null.
func views[From, To any](from []From, view func(From) To) []To {
	list := make([]To, len(from))
	for i, one := range from {
		list[i] = view(one)
	}
	return list
}
