package store

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"agendaonline/internal/crm"
)

// How values stand in columns. The functions of this file that return any give the parameter for a value, those that begin
// with into the target to scan it from.

// id is 16 bytes, NULL for none.
func idValue[Of any](id crm.ID[Of]) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

type idTarget[Of any] crm.ID[Of]

func intoID[Of any](id *crm.ID[Of]) *idTarget[Of] { return (*idTarget[Of])(id) }

// Scan reads 16 bytes or NULL.
func (t *idTarget[Of]) Scan(value any) error {
	switch value := value.(type) {
	case nil:
		*t = idTarget[Of]{}
	case []byte:
		if len(value) != len(t) {
			return fmt.Errorf("id has %d bytes", len(value))
		}
		copy(t[:], value)
	default:
		return fmt.Errorf("id is a %T", value)
	}
	return nil
}

// An instant is in microseconds, NULL for none.
func timeValue(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

type timeTarget time.Time

func intoTime(t *time.Time) *timeTarget { return (*timeTarget)(t) }

// Scan reads microseconds or NULL.
func (t *timeTarget) Scan(value any) error {
	switch value := value.(type) {
	case nil:
		*t = timeTarget{}
	case int64:
		*t = timeTarget(time.UnixMicro(value).UTC())
	default:
		return fmt.Errorf("instant is a %T", value)
	}
	return nil
}

// textTarget scans what has a text form of its own: dates, times of day.
type textTarget[T any] struct {
	target *T
	parse  func(string) (T, error)
}

func intoDate(date *crm.Date) textTarget[crm.Date] {
	return textTarget[crm.Date]{date, crm.ParseDate}
}

func intoClock(clock *crm.Clock) textTarget[crm.Clock] {
	return textTarget[crm.Clock]{clock, crm.ParseClock}
}

// Scan reads the text form.
func (t textTarget[T]) Scan(value any) error {
	text, isText := value.(string)
	if !isText {
		return fmt.Errorf("text is a %T", value)
	}
	parsed, err := t.parse(text)
	if err != nil {
		return err
	}
	*t.target = parsed
	return nil
}

// jsonValue is the JSON of a value, as text. Only values that have one are stored so.
func jsonValue(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("store: %T has no JSON: %v", value, err))
	}
	return string(text)
}

type jsonTarget struct{ target any }

func intoJSON(target any) jsonTarget { return jsonTarget{target} }

// Scan reads JSON; the empty text leaves the target as it is.
func (t jsonTarget) Scan(value any) error {
	text, isText := value.(string)
	if !isText {
		return fmt.Errorf("JSON is a %T", value)
	}
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), t.target)
}

// paramsValue is the JSON of a sentence's parameters, "" for none.
func paramsValue(params map[string]string) string {
	if len(params) == 0 {
		return ""
	}
	return jsonValue(params)
}

// opaque is what a server calls something: bytes, whatever they are.
func opaque[T ~string](text T) []byte { return append(make([]byte, 0, len(text)+1), text...) }

// maxKeyBytes keeps keys below what an index entry of PostgreSQL can hold (2,704 bytes), two to an entry.
const maxKeyBytes = 512

// key is the form of an opaque text by which it is found: itself, or its beginning and its digest when it is long.
func key[T ~string](text T) []byte {
	if len(text) <= maxKeyBytes {
		return opaque(text)
	}
	digest := sha256.Sum256([]byte(text))
	return append(opaque(text[:maxKeyBytes]), digest[:]...)
}

// An actor is a kind and the id of the user or link.
func actorID(actor crm.Actor) any {
	if actor.Kind == crm.ActorLink {
		return idValue(actor.Link)
	}
	return idValue(actor.User)
}

type actorTarget struct{ actor *crm.Actor }

func intoActorID(actor *crm.Actor) actorTarget { return actorTarget{actor} }

// Scan reads the id of an actor whose kind was scanned before.
func (t actorTarget) Scan(value any) error {
	t.actor.User, t.actor.Link = crm.UserID{}, crm.LinkID{}
	if t.actor.Kind == crm.ActorLink {
		return intoID(&t.actor.Link).Scan(value)
	}
	return intoID(&t.actor.User).Scan(value)
}
