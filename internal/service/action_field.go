package service

import (
	"fmt"
	"slices"
	"strings"

	"agendaonline/internal/crm"
)

// field is one field of an action that a person changes and that its history keeps; the three units are kept as such.
type field struct {
	name    string
	text    func(crm.Action) string // the form of history
	restore func(*crm.Action, string) error
	// trusted: a value that was once there may come back without being checked. One that names something else may not:
	// the person may have left, the choice may be retired.
	trusted bool
}

// fields lists what has a history, in the order of the form. The names are those of semantics 1; "when" is the unit of the
// four dates and times and their zone, "time_zone" the zone alone where no time makes it part of the unit.
var fields = []field{
	unitField(crm.UnitSubject),
	unitField(crm.UnitDescription),
	unitField(crm.UnitWhen),
	textField("time_zone", func(a *crm.Action) *string { return &a.When.Zone }),
	idField("followed_by", func(a *crm.Action) *crm.UserID { return &a.FollowedBy }),
	{"due_date", func(a crm.Action) string { return a.DueDate.String() }, restoreDueDate, true},
	idField("type", func(a *crm.Action) *crm.ChoiceID { return &a.Type }),
	idField("status", func(a *crm.Action) *crm.ChoiceID { return &a.Status }),
	idField("priority", func(a *crm.Action) *crm.ChoiceID { return &a.Priority }),
	textField("third_party", func(a *crm.Action) *string { return &a.ThirdParty }),
	textField("third_party_kind", func(a *crm.Action) *string { return (*string)(&a.ThirdPartyKind) }),
	textField("contact", func(a *crm.Action) *string { return &a.Contact }),
	textField("dossier", func(a *crm.Action) *string { return &a.Dossier }),
	idField("follows_up", func(a *crm.Action) *crm.ActionID { return &a.FollowsUp }),
	{"documents", documentsText, restoreDocuments, true},
}

func unitField(unit crm.Unit) field {
	return field{
		name: string(unit),
		text: func(a crm.Action) string { return crm.HistoryText(unit, a.Units) },
		restore: func(a *crm.Action, text string) error {
			units, err := crm.ParseHistory(unit, text, a.Units)
			if err != nil {
				return err
			}
			if units.When.Zone == "" {
				units.When.Zone = a.When.Zone
			}
			a.Units = units
			return nil
		},
		trusted: true,
	}
}

func textField(name string, of func(*crm.Action) *string) field {
	return field{
		name:    name,
		text:    func(a crm.Action) string { return *of(&a) },
		restore: func(a *crm.Action, text string) error { *of(a) = text; return nil },
		trusted: true,
	}
}

func idField[Of any](name string, of func(*crm.Action) *crm.ID[Of]) field {
	return field{
		name:    name,
		text:    func(a crm.Action) string { return of(&a).String() },
		restore: func(a *crm.Action, text string) error { return of(a).UnmarshalText([]byte(text)) },
	}
}

func restoreDueDate(a *crm.Action, text string) (err error) {
	a.DueDate, err = crm.ParseDate(text)
	return err
}

// documentsText writes one document a line: address, tab, title. Neither holds a control character.
func documentsText(action crm.Action) string {
	lines := make([]string, len(action.Documents))
	for i, document := range action.Documents {
		lines[i] = document.URL + "\t" + document.Title
	}
	return strings.Join(lines, "\n")
}

func restoreDocuments(a *crm.Action, text string) error {
	a.Documents = nil
	for line := range strings.Lines(text) {
		address, title, found := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !found {
			return fmt.Errorf("read documents of a history row: %.80q has no tab", line)
		}
		a.Documents = append(a.Documents, crm.Document{Title: title, URL: address})
	}
	return nil
}

func fieldNamed(name string) (field, bool) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, false
	}
	return fields[i], true
}

// differing lists the fields in which two states of an action differ, each once.
func differing(before, after crm.Action) []field {
	units := before.Differing(after.Units)
	var differing []field
	for _, f := range fields {
		var differs bool
		switch f.name {
		case string(crm.UnitSubject), string(crm.UnitDescription), string(crm.UnitWhen):
			differs = slices.Contains(units, crm.Unit(f.name))
		case "time_zone":
			differs = before.When.Zone != after.When.Zone && !slices.Contains(units, crm.UnitWhen)
		default:
			differs = f.text(before) != f.text(after)
		}
		if differs {
			differing = append(differing, f)
		}
	}
	return differing
}

// isUnit reports whether a field travels to the calendar.
func (f field) isUnit() bool { return slices.Contains(crm.AllUnits, crm.Unit(f.name)) }
