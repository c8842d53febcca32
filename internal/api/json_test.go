package api

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"agendaonline/internal/crm"
)

type parsed struct {
	Name   string     `json:"name"`
	When   Optional   `json:"when"`
	Count  int        `json:"count"`
	Part   float64    `json:"part"`
	On     bool       `json:"on"`
	Inside Document   `json:"inside"`
	Many   []Document `json:"many"`
	Hidden string     `json:"-"`
}

func TestParseJSON(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want string // "ok", a problem's code, or field:code of each field
	}{
		"nothing":                      {`{}`, "ok"},
		"all fields":                   {`{"name":"é😀","when":null,"count":-3,"part":0.5,"on":true,"inside":{"url":"x"},"many":[{"title":"a"},{"title":"b"}]}`, "ok"},
		"surrogates in pairs":          {`{"name":"\ud83d\ude00 \\ud83d"}`, "ok"},
		"a surrogate alone":            {`{"name":"\ud83d"}`, codeNotUTF8},
		"a low surrogate first":        {`{"name":"\ude00\ud83d"}`, codeNotUTF8},
		"two high surrogates":          {`{"name":"\ud83d\ud83d"}`, codeNotUTF8},
		"Latin-1":                      {"{\"name\":\"caf\xe9\"}", codeNotUTF8},
		"a list":                       {`[]`, codeExpectObject},
		"null":                         {`null`, codeExpectObject},
		"a text":                       {`"name"`, codeExpectObject},
		"nothing at all":               {` `, codeJSON},
		"cut off":                      {`{"name":"a`, codeJSON},
		"something behind":             {`{"name":"a"} {}`, codeJSON},
		"a comma too many":             {`{"name":"a",}`, codeJSON},
		"a comment":                    {`{"name":"a"/* */}`, codeJSON},
		"NaN":                          {`{"part":NaN}`, codeJSON},
		"a line feed in a text":        {"{\"name\":\"a\nb\"}", codeJSON},
		"nested deep":                  {strings.Repeat(`{"x":`, 100_000) + "1" + strings.Repeat("}", 100_000), codeTooDeep},
		"lists nested deep":            {`{"many":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}", codeTooDeep},
		"an unknown field":             {`{"nam":"a"}`, "nam:" + codeUnknownField},
		"capitals":                     {`{"Name":"a","NAME":"b"}`, "Name:" + codeUnknownField + " NAME:" + codeUnknownField},
		"a field that is not JSON's":   {`{"Hidden":"a","hidden":"b","-":"c"}`, "Hidden:" + codeUnknownField + " hidden:" + codeUnknownField + " -:" + codeUnknownField},
		"a field twice":                {`{"name":"a","name":"b"}`, "name:" + codeTwice},
		"a field twice by an escape":   {`{"name":"a","n\u0061me":"b"}`, "name:" + codeTwice},
		"within":                       {`{"inside":{"url":1,"x":2},"many":[{},{"title":false}]}`, "inside.url:" + codeExpectText + " inside.x:" + codeUnknownField + " many[1].title:" + codeExpectText},
		"wrong types":                  {`{"name":1,"when":true,"count":"1","part":"0.5","on":"true","inside":[],"many":{}}`, "name:" + codeExpectText + " when:" + codeExpectText + " count:" + codeExpectInteger + " part:" + codeExpectNumber + " on:" + codeExpectBoolean + " inside:" + codeExpectObject + " many:" + codeExpectList},
		"null where nothing is absent": {`{"name":null,"count":null,"many":null}`, "name:" + codeExpectText + " count:" + codeExpectInteger + " many:" + codeExpectList},
		"integers that are none":       {`{"count":1.0}`, "count:" + codeExpectInteger},
		"integers out of range":        {`{"count":9223372036854775808}`, "count:" + codeExpectInteger},
		"a number out of range":        {`{"part":1e999}`, "part:" + codeExpectNumber},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := parsed{Name: "before", When: "2026-11-23", Many: []Document{{Title: "before"}}}
			into := before
			got := "ok"
			err := parseJSON([]byte(test.text), &into)
			var made *Problem
			var wrong crm.Problems
			switch {
			case errors.As(err, &made):
				got = made.Code
			case errors.As(err, &wrong):
				var list []string
				for _, one := range wrong {
					list = append(list, one.Field+":"+one.Code)
				}
				got = strings.Join(list, " ")
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if err != nil && !cmp.Equal(into, before) {
				t.Errorf("a refused text left %+v", into)
			}
		})
	}
}

func TestParseJSON_what_is_left_out_stays(t *testing.T) {
	t.Parallel()
	got := parsed{Name: "n", When: "w", Count: 3, Part: 0.5, On: true, Inside: Document{"t", "u"}, Many: []Document{{"t", "u"}, {"t", "u"}}}
	if err := parseJSON([]byte(`{"when":null,"inside":{"url":"v"},"many":[{"title":"x"}]}`), &got); err != nil {
		t.Fatal(err)
	}
	want := parsed{Name: "n", When: "", Count: 3, Part: 0.5, On: true, Inside: Document{"t", "v"}, Many: []Document{{"x", ""}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What encoding/json takes and the walk does not is refused; what the walk takes, encoding/json must take too.
func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{`{"name":"a","many":[{"title":"b"}],"count":1,"part":1e3}`, `{"when":null}`, `{"name":"\ud83d\ude00"}`, `[[[`, `{"a":{"b":[1,2]}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var into parsed
		err := parseJSON(text, &into)
		var made *Problem
		var wrong crm.Problems
		if err != nil && !errors.As(err, &made) && !errors.As(err, &wrong) {
			t.Errorf("only encoding/json refused %q: %v", text, err)
		}
	})
}
