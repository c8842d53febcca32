package config

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// OriginKind is one of the places that a value can come from.
type OriginKind string

// The places, the one that counts least first.
const (
	FromDefault     OriginKind = "default"
	FromFile        OriginKind = "file"
	FromEnvironment OriginKind = "environment"
	FromFlag        OriginKind = "flag"
)

// Origin is where a value came from. At is what a person looks for: --listen, AGENDA_LISTEN, agenda.conf:12; "" for a default.
type Origin struct {
	Kind OriginKind
	At   string
}

// Value is what was given for a setting, as texts. No texts: it was not given and has no default.
type Value struct {
	Setting Setting
	Texts   []string
	Origin  Origin
}

// text is the one text of a setting that is no list.
func (v Value) text() string {
	if len(v.Texts) == 0 {
		return ""
	}
	return v.Texts[0]
}

// Parsed is everything that was given, by setting, in the order of Settings. Nothing of it has been judged.
type Parsed struct {
	File   string // the file of settings, "" for none
	Values []Value
}

// Value is what was given for a setting.
func (p Parsed) Value(name string) Value {
	for _, value := range p.Values {
		if value.Setting.Name == name {
			return value
		}
	}
	return Value{}
}

// Input is where settings come from.
type Input struct {
	Serving   bool                             // of "agenda serve": other commands do not judge what only it has
	File      *string                          // --config; nil: not given
	Flags     map[string][]string              // see Given
	LookupEnv func(name string) (string, bool) // os.LookupEnv
	ReadFile  func(path string) ([]byte, error)
	// Checks judge what this package does not know to judge, by the name of the setting, one text at a time.
	Checks map[string]func(text string) error
}

// Problem is one thing that is wrong with what was given. It holds no secret.
type Problem struct {
	Setting string // "" when it is about none
	Origin  Origin
	Message string
}

func (p Problem) Error() string {
	place := p.Origin.At
	if place == "" {
		place = p.Setting
	}
	return place + ": " + p.Message
}

// Problems is everything that is wrong, at once.
type Problems []Problem

func (p Problems) Error() string {
	if len(p) == 1 {
		return "settings: " + p[0].Error()
	}
	var text strings.Builder
	text.WriteString(strconv.Itoa(len(p)) + " settings are wrong:")
	for _, problem := range p {
		text.WriteString("\n  " + problem.Error())
	}
	return text.String()
}

func (p *Problems) add(value Value, format string, args ...any) {
	*p = append(*p, Problem{value.Setting.Name, value.Origin, fmt.Sprintf(format, args...)})
}

// parse gathers what was given, the strongest of each setting.
func parse(in Input, problems *Problems) Parsed {
	parsed := Parsed{}
	var fromFile map[string]Value
	path, at := "", ""
	if in.File != nil {
		path, at = *in.File, "--config"
	} else if named, isNamed := in.LookupEnv(EnvFile); isNamed && named != "" {
		path, at = named, EnvFile
	}
	if path != "" {
		parsed.File = path
		text, err := in.ReadFile(path)
		if err != nil {
			*problems = append(*problems, Problem{Origin: Origin{FromFlag, at}, Message: "the file of settings cannot be read: " + err.Error()})
		}
		fromFile = parseFile(path, string(text), in.ReadFile, problems)
	}
	for _, setting := range Settings {
		value := Value{Setting: setting, Origin: Origin{Kind: FromDefault}}
		if setting.Default != "" {
			value.Texts = []string{setting.Default}
		}
		if given, isGiven := fromFile[setting.Name]; isGiven {
			value = given
		}
		if given, isGiven := fromEnvironment(in, setting, problems); isGiven {
			value = given
		}
		if texts, isGiven := in.Flags[setting.Name]; isGiven {
			value = Value{setting, trimmed(texts), Origin{FromFlag, "--" + setting.Flag}}
		}
		parsed.Values = append(parsed.Values, value)
	}
	return parsed
}

// fromEnvironment looks for a setting in the environment. An empty variable is as if it were not there.
func fromEnvironment(in Input, setting Setting, problems *Problems) (Value, bool) {
	value := Value{Setting: setting, Origin: Origin{FromEnvironment, setting.Env}}
	text, isSet := in.LookupEnv(setting.Env)
	isSet = isSet && text != ""
	if setting.Secret {
		variable := setting.Env + "_FILE"
		// AGENDA_KEY_FILE is a setting of its own, and means the same.
		if path, named := in.LookupEnv(variable); named && path != "" && variable != "AGENDA_KEY_FILE" {
			fileOrigin := Value{Setting: setting, Origin: Origin{FromEnvironment, variable}}
			if isSet {
				problems.add(fileOrigin, "%s is set too: set one of them", setting.Env)
				return value, false
			}
			read, err := in.ReadFile(path)
			if err != nil {
				problems.add(fileOrigin, "the file cannot be read: %v", err)
				return value, false
			}
			fileOrigin.Texts = trimmed([]string{string(read)})
			return fileOrigin, true
		}
	}
	if !isSet {
		return value, false
	}
	value.Texts = split(setting, text)
	return value, true
}

// parseFile reads a file of settings.
func parseFile(path, text string, readFile func(string) ([]byte, error), problems *Problems) map[string]Value {
	values := map[string]Value{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		origin := Origin{FromFile, path + ":" + strconv.Itoa(number)}
		name, given, hasValue := strings.Cut(line, "=")
		name, given = strings.TrimSpace(name), strings.TrimSpace(given)
		if !hasValue || name == "" {
			*problems = append(*problems, Problem{Origin: origin, Message: `the line is not "name = value"`})
			continue
		}
		setting, known := settingOf(name)
		if base, isFile := strings.CutSuffix(name, ".file"); !known && isFile {
			if setting, known = settingOf(base); known && setting.Secret && setting.Name != Key {
				read, err := readFile(from(path, given))
				if err != nil {
					*problems = append(*problems, Problem{base, origin, "the file cannot be read: " + err.Error()})
					continue
				}
				given = strings.TrimSpace(string(read))
			} else {
				known = false
			}
		}
		if !known {
			*problems = append(*problems, Problem{Origin: origin, Message: fmt.Sprintf("there is no setting %q; agenda config lists them", name)})
			continue
		}
		before, again := values[setting.Name]
		if again && !setting.List {
			*problems = append(*problems, Problem{setting.Name, origin, "it was set before, at " + before.Origin.At})
			continue
		}
		texts := split(setting, given)
		if setting.Path && given != "" {
			texts = []string{from(path, given)}
		}
		if again {
			texts, origin = append(before.Texts, texts...), before.Origin
		}
		values[setting.Name] = Value{setting, texts, origin}
	}
	return values
}

// from is a path as a file means it: from its own folder.
func from(file, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

// split takes a list apart at commas and blanks; anything else is one text.
func split(setting Setting, text string) []string {
	if !setting.List {
		return trimmed([]string{text})
	}
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}

func trimmed(texts []string) []string {
	list := make([]string, 0, len(texts))
	for _, text := range texts {
		if text = strings.TrimSpace(text); text != "" {
			list = append(list, text)
		}
	}
	return list
}
