package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed messages/*.json
var files embed.FS

// sentences holds every text by language and key. The files are part of the program: one that cannot be read is a broken
// program, and panics at start.
var sentences = mustLoad()

// Params are the values of the places of a sentence by their names.
type Params map[string]string

// P makes Params of pairs of name and value; whole numbers may come as such.
func P(pairs ...any) Params {
	params := make(Params, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		params[pairs[i].(string)] = fmt.Sprint(pairs[i+1])
	}
	return params
}

// T is the sentence of a key in a language, its places filled; a place without a value is left out. A language that is not
// ours is answered in English, a key that does not exist with the key itself.
func T[L ~string](lang L, key string, params Params) string {
	m, known := sentences[language(lang)][key]
	if !known {
		return key
	}
	var out strings.Builder
	m.write(&out, language(lang), params)
	return out.String()
}

// Has reports whether there is a sentence for a key.
func Has(key string) bool {
	_, known := sentences[English][key]
	return known
}

// Keys are all keys that begin with prefix, in alphabetical order.
func Keys(prefix string) []string {
	keys := slices.Sorted(maps.Keys(sentences[English]))
	return slices.DeleteFunc(keys, func(key string) bool { return !strings.HasPrefix(key, prefix) })
}

// Reason says why an action or an event is as it is, in a few words without a full stop. A reason that is a code of the
// connection test has the test's own sentence.
func Reason[L, R ~string](lang L, reason R, params Params) string {
	return T(lang, ReasonKey(reason), params)
}

// ReasonKey is the key of a reason's words.
func ReasonKey[R ~string](reason R) string {
	if strings.Contains(string(reason), ".") {
		return string(reason)
	}
	return "reason." + string(reason)
}

func language[L ~string](lang L) string {
	if Known(lang) {
		return string(lang)
	}
	return English
}

func mustLoad() map[string]map[string]message {
	all := map[string]map[string]message{Dutch: {}, French: {}, English: {}}
	entries, err := files.ReadDir("messages")
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		if err := loadFile(all, entry.Name()); err != nil {
			panic(fmt.Sprintf("i18n: read %s: %v", entry.Name(), err))
		}
	}
	return all
}

func loadFile(all map[string]map[string]message, name string) error {
	parts := strings.Split(name, ".")
	if len(parts) != 3 || !Known(parts[1]) {
		return fmt.Errorf("want a name like service.nl.json")
	}
	raw, err := files.ReadFile("messages/" + name)
	if err != nil {
		return err
	}
	var texts map[string]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		return err
	}
	for key, text := range texts {
		if _, twice := all[parts[1]][key]; twice {
			return fmt.Errorf("%s is in another area too", key)
		}
		m, err := parseMessage(text)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		all[parts[1]][key] = m
	}
	return nil
}
