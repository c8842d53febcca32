package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"agendaonline/internal/crm"
)

// How much a body may hold. No request of the API nests deeper than three.
const (
	maxBodyBytes     = 1 << 20
	maxDepth         = 16
	maxProblems      = 50
	maxNameInProblem = 100 // bytes of an unknown field's name that a problem repeats
)

// parseJSON reads a JSON object into the struct that into points to. Fields that the text does not name keep their values.
// It is stricter than encoding/json, which takes "SUBJECT" for subject, the last of two equal names, null for anything and
// what is no Unicode for U+FFFD. The error is a *Problem for what is no such object, and crm.Problems for its fields, all at
// once; into is left alone then.
func parseJSON(text []byte, into any) error {
	if !utf8.Valid(text) || loneSurrogate(text) {
		return problem(400, codeNotUTF8)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	walk := walker{decoder: decoder}
	switch err := walk.value(reflect.TypeOf(into).Elem(), "", 0); {
	case errors.Is(err, errTooDeep):
		return problem(400, codeTooDeep, "max", strconv.Itoa(maxDepth))
	case err != nil:
		return problem(400, codeJSON, "at", strconv.FormatInt(decoder.InputOffset(), 10))
	}
	if _, err := decoder.Token(); err != io.EOF {
		return problem(400, codeJSON, "at", strconv.FormatInt(decoder.InputOffset(), 10))
	}
	if len(walk.problems) > 0 && walk.problems[0].Field == "" {
		return problem(400, codeExpectObject)
	}
	if len(walk.problems) > 0 {
		return walk.problems
	}
	walk.clearLists(reflect.ValueOf(into).Elem())
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read a body that was found good: %w", err)
	}
	return nil
}

var errTooDeep = errors.New("the JSON nests too deep")

// walker compares JSON with the type it is meant for, before anything is kept of it.
type walker struct {
	decoder  *json.Decoder
	problems crm.Problems
	named    map[string]bool // the fields of the outermost object
}

// clearLists empties the lists that the text names: encoding/json would read its elements over those that are there.
func (w *walker) clearLists(into reflect.Value) {
	for _, field := range reflect.VisibleFields(into.Type()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Type.Kind() == reflect.Slice && w.named[name] {
			into.FieldByIndex(field.Index).SetZero()
		}
	}
}

func (w *walker) add(code, field string) {
	if len(w.problems) < maxProblems {
		w.problems = append(w.problems, crm.NewProblem(code, field))
	}
}

// value reads one value that is meant for a type; nil means that nothing is, and it is read over.
func (w *walker) value(t reflect.Type, path string, depth int) error {
	token, err := w.decoder.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case json.Delim:
		if depth >= maxDepth {
			return errTooDeep
		}
		if token == '{' {
			return w.object(t, path, depth)
		}
		return w.list(t, path, depth)
	case json.Number:
		w.number(t, path, token)
	case string:
		if t != nil && t.Kind() != reflect.String {
			w.expected(t, path)
		}
	case bool:
		if t != nil && t.Kind() != reflect.Bool {
			w.expected(t, path)
		}
	default:
		if t != nil && t != reflect.TypeFor[Optional]() {
			w.expected(t, path)
		}
	}
	return nil
}

func (w *walker) expected(t reflect.Type, path string) {
	switch t.Kind() {
	case reflect.String:
		w.add(codeExpectText, path)
	case reflect.Bool:
		w.add(codeExpectBoolean, path)
	case reflect.Int, reflect.Int64:
		w.add(codeExpectInteger, path)
	case reflect.Float64:
		w.add(codeExpectNumber, path)
	case reflect.Slice:
		w.add(codeExpectList, path)
	default:
		w.add(codeExpectObject, path)
	}
}

func (w *walker) number(t reflect.Type, path string, number json.Number) {
	if t == nil {
		return
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		if _, err := number.Int64(); err != nil {
			w.expected(t, path)
		}
	case reflect.Float64:
		if value, err := number.Float64(); err != nil || math.IsInf(value, 0) {
			w.expected(t, path)
		}
	default:
		w.expected(t, path)
	}
}

func (w *walker) object(t reflect.Type, path string, depth int) error {
	if t != nil && t.Kind() != reflect.Struct {
		w.expected(t, path)
		t = nil
	}
	known := fieldsOf(t)
	seen := map[string]bool{}
	for w.decoder.More() {
		token, err := w.decoder.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		within := name
		if path != "" {
			within = path + "." + name
		}
		field := known[name]
		switch {
		case t == nil:
		case field == nil:
			w.add(codeUnknownField, shortened(within))
		case seen[name]:
			w.add(codeTwice, within)
			field = nil
		}
		if seen[name] = true; depth == 0 {
			w.named = seen
		}
		if err := w.value(field, within, depth+1); err != nil {
			return err
		}
	}
	_, err := w.decoder.Token()
	return err
}

func (w *walker) list(t reflect.Type, path string, depth int) error {
	var element reflect.Type
	switch {
	case t == nil:
	case t.Kind() == reflect.Slice:
		element = t.Elem()
	default:
		w.expected(t, path)
	}
	for i := 0; w.decoder.More(); i++ {
		if err := w.value(element, path+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
			return err
		}
	}
	_, err := w.decoder.Token()
	return err
}

// fieldsOf are the fields of a struct by their names in JSON.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	if t == nil {
		return nil
	}
	fields := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields[name] = field.Type
		}
	}
	return fields
}

// shortened keeps the beginning of what a caller wrote, for a problem that repeats it.
func shortened(text string) string {
	if len(text) <= maxNameInProblem {
		return text
	}
	return strings.ToValidUTF8(text[:maxNameInProblem], "") + "…"
}

// loneSurrogate finds an escape \uD800 to \uDFFF without its other half, which is no character.
func loneSurrogate(text []byte) bool {
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++
		high, isUnit := codeUnit(text[i-1:])
		switch {
		case !isUnit || high < 0xD800 || high > 0xDFFF:
		case high > 0xDBFF:
			return true
		default:
			low, isUnit := codeUnit(text[min(len(text), i+5):])
			if !isUnit || low < 0xDC00 || low > 0xDFFF {
				return true
			}
			i += 10
		}
	}
	return false
}

// codeUnit reads \uXXXX at the beginning of text.
func codeUnit(text []byte) (uint64, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 32)
	return unit, err == nil
}
