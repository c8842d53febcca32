package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

// input is a field of one line, as the piece inputs shows it. Its name is its id.
type input struct {
	Name, Label, Value, Hint, Problem string
	Type                              string // "": text
	Autocomplete                      string
	Class                             string // of the style sheet: how wide it is
	Optional                          string // the word for it; "": the field is needed
	Numeric                           bool
}

// pick is a field that offers a list.
type pick struct {
	Name, Label, Hint, Problem, Class string
	Options                           []option
}

// tick is a box to tick.
type tick struct {
	Name, Label, Hint, Problem string
	Checked                    bool
}

// on gives a field the sentence of what is wrong with it.
func (f input) on(wrong fieldProblems) input { f.Problem = wrong[f.Name]; return f }

func (f pick) on(wrong fieldProblems) pick { f.Problem = wrong[f.Name]; return f }

func (f tick) on(wrong fieldProblems) tick { f.Problem = wrong[f.Name]; return f }

// fieldProblems are sentences by the name of the field they stand under; those of no field stand under "".
type fieldProblems map[string]string

// fieldProblemsOf sorts what service found wrong under the fields that a form has. Another field's goes to "".
func (w words) fieldProblemsOf(problems crm.Problems, fields ...string) fieldProblems {
	wrong := fieldProblems{}
	for _, problem := range problems {
		field := problem.Field
		if !slices.Contains(fields, field) {
			field = ""
		}
		wrong.add(field, w.Problem(problem))
	}
	return wrong
}

func (f fieldProblems) add(field, sentence string) {
	if before := f[field]; before != "" {
		sentence = before + " " + sentence
	}
	f[field] = sentence
}

// posted reads the form of a request.
func posted(r *request) error {
	err := r.ParseForm()
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); err != nil && !tooLarge {
		return errBadForm
	}
	return err
}

// ticked reports whether a box of the form was ticked.
func ticked(r *request, name string) bool { return r.PostForm.Get(name) != "" }

// version is the version of the row that the form was made from.
func version(r *request) (int64, error) {
	version, err := strconv.ParseInt(r.PostForm.Get("version"), 10, 64)
	if err != nil {
		return 0, errBadForm
	}
	return version, nil
}

// wholeNumber reads a figure as people write it, with the grouping of any of the languages.
func wholeNumber(text string) (int, bool) {
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" .,\u00a0\u202f", r) {
			return -1
		}
		return r
	}, text)
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// pathID is the id in the address of a page; one that is none is a page that does not exist.
func pathID[Of any](r *request, name string) (crm.ID[Of], error) {
	id, err := crm.ParseID[Of](r.PathValue(name))
	if err != nil || id.IsZero() {
		return id, errNoPage
	}
	return id, nil
}

// administrator refuses a page to others before anything of it is read. service refuses each deed anyway.
func administrator(r *request) error {
	if r.caller.User.Role != crm.RoleAdministrator {
		return &service.Forbidden{Code: service.CodeAdministrator}
	}
	return nil
}

// languageOptions offer the three languages, each in its own words.
func languageOptions(chosen crm.Language) []option {
	names := map[string]string{i18n.Dutch: "Nederlands", i18n.French: "Français", i18n.English: "English"}
	var options []option
	for _, lang := range i18n.Languages {
		options = append(options, option{lang, names[lang], lang == string(chosen)})
	}
	return options
}

// acts are what a person just did, by the name that stands in the address after it: the sentence that the toast says.
var acts = []string{
	"params.saved", "links.synced", "links.synced_all", "links.paused", "links.resumed", "links.ended", "links.addresses", "links.ending", "people.deleted", "people.handed_over", "links.changed", "links.created",
	"shown.saved_full", "shown.saved_busy", "decide.saved", "people.saved", "account.saved", "account.changed", "tokens.revoked_now",
	"grant.signed_again", "grant.ended_revoked", "grant.ended_not_offered", "grant.ended_failed", "grant.ended_shared",
}

// done is the toast for what the address says was done.
func done(r *request) *toast {
	query := r.URL.Query()
	act := query.Get("done")
	if !slices.Contains(acts, act) {
		return nil
	}
	count, _ := strconv.Atoi(query.Get("count"))
	return &toast{Text: r.T(act, "count", max(count, 0))}
}
