package config

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"text/tabwriter"
)

// mask stands where a secret is.
const mask = "****"

// Shown is a setting as it is in force, its secrets masked.
type Shown struct {
	Name   string   `json:"name"`
	Values []string `json:"values"` // none: it is not set
	Origin string   `json:"origin"` // default, file, environment, flag
	At     string   `json:"at"`     // --listen, AGENDA_LISTEN, agenda.conf:12; "" for a default
	Flag   string   `json:"flag"`   // without dashes, "" for none
	Env    string   `json:"env"`
	Help   string   `json:"help"`
}

// Show is every setting as it is in force, its secrets masked. What follows from others, such as the key file in the folder,
// is shown as such.
func (c *Config) Show() []Shown {
	var list []Shown
	for _, value := range c.Parsed.Values {
		shown := Shown{
			Name: value.Setting.Name, Values: []string{}, Origin: string(value.Origin.Kind), At: value.Origin.At,
			Flag: value.Setting.Flag, Env: value.Setting.Env, Help: value.Setting.Help,
		}
		for _, text := range value.Texts {
			if value.Setting.Secret {
				text = masked(value.Setting, text)
			}
			shown.Values = append(shown.Values, text)
		}
		if value.Setting.Name == KeyFile && len(value.Texts) == 0 && c.KeyFile != "" {
			shown.Values = []string{c.KeyFile}
		}
		list = append(list, shown)
	}
	return list
}

var passwordWord = regexp.MustCompile(`(?i)\b(password|sslpassword)\s*=\s*('(?:[^'\\]|\\.)*'|\S*)`)

// masked hides a secret, and of a database only its password.
func masked(setting Setting, text string) string {
	if setting.Name != Database {
		return mask
	}
	if !strings.Contains(text, "://") {
		return passwordWord.ReplaceAllString(text, "$1="+mask)
	}
	parsed, err := url.Parse(text)
	if err != nil {
		return mask
	}
	if _, has := parsed.User.Password(); has {
		// Written by hand: url would escape the mask.
		name := url.User(parsed.User.Username()).String()
		parsed.User = nil
		text = strings.Replace(parsed.String(), "://", "://"+name+":"+mask+"@", 1)
	}
	query := parsed.Query()
	for _, name := range []string{"password", "sslpassword"} {
		if query.Has(name) {
			return text[:strings.IndexByte(text, '?')] + "?" + mask // which of the parameters is long is nobody's business either
		}
	}
	return text
}

// Print writes what is in force as a table for a person.
func (c *Config) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SETTING\tVALUE\tFROM\tFLAG\tENVIRONMENT")
	for _, shown := range c.Show() {
		value, origin, flag := strings.Join(shown.Values, ", "), shown.Origin, "-"
		if value == "" {
			value = "-"
		}
		if shown.At != "" {
			origin = shown.At
		}
		if shown.Flag != "" {
			flag = "--" + shown.Flag
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", shown.Name, value, origin, flag, shown.Env)
	}
	return table.Flush()
}

// PrintJSON writes what is in force as JSON.
func (c *Config) PrintJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{"file": c.Parsed.File, "settings": c.Show()})
}
