package web

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

const parametersPath = "/parameters"

// parametersPage is the CRM parameters: the module, the option Online calendar (CalDAV) with its magnifier, the links and the
// settings.
type parametersPage struct {
	frame
	Side     []sideLink
	Version  int64
	Module   tick
	Online   tick
	Links    linkTable
	Poll     pick
	Duration input
	Conflict pick
	Trash    input
	UIDs     input
	Zone     input
	Language pick
	Rights   []tick
	Own      tick
	Guard    []input
	Problem  string
}

func (parametersPage) view() string { return "parameters" }

// sideLink is an entry of the list beside the pages of the CRM parameters.
type sideLink struct {
	Name, Path string
	Current    bool
}

func sideLinks(r *request, current string) []sideLink {
	all := []sideLink{
		{r.T("params.nav_module"), parametersPath, false}, {r.T("params.nav_links"), linksPath, false}, {r.T("params.nav_users"), usersPath, false},
		{r.T("params.nav_held"), heldPath, false}, {r.T("params.nav_runs"), runsPath, false},
	}
	for i := range all {
		all[i].Current = all[i].Path == current
	}
	return all
}

func showParameters(s *site, w http.ResponseWriter, r *request) error {
	if err := administrator(r); err != nil {
		return err
	}
	settings, err := s.Service.Settings(r.Context(), r.caller)
	if err != nil {
		return err
	}
	return s.showParametersWith(w, r, http.StatusOK, settings.Version, service.SettingsInputOf(settings), formTexts{}, fieldProblems{})
}

// formTexts are figures as they were typed, where they could not be read.
type formTexts map[string]string

func (t formTexts) or(name string, value int) string {
	if typed, has := t[name]; has {
		return typed
	}
	return strconv.Itoa(value)
}

// settingsFields are the names of the fields as service names them.
var settingsFields = []string{
	"poll_interval", "default_duration", "conflict_policy", "trash_kept", "uids_kept", "time_zone", "language", "guard.more", "guard.part", "guard.most", "guard.emptied",
}

func (s *site) showParametersWith(w http.ResponseWriter, r *request, status int, version int64, in service.SettingsInput, typed formTexts, wrong fieldProblems) error {
	f, err := s.frame(r, "parameters", r.T("params.title"))
	if err != nil {
		return err
	}
	f.Toast = done(r)
	table, err := s.linkTable(r)
	if err != nil {
		return err
	}
	p := parametersPage{
		frame: f, Side: sideLinks(r, parametersPath), Version: version, Links: table, Problem: wrong[""],
		Module:   tick{Name: "module_active", Label: r.T("params.active"), Checked: in.ModuleActive},
		Online:   tick{Name: "online_calendar", Label: r.T("params.on"), Checked: in.OnlineCalendar},
		Poll:     pick{Name: "poll_interval", Class: "w4 phone-full", Label: r.T("params.poll"), Hint: r.T("params.poll_hint"), Options: pollOptions(r, in.PollInterval)}.on(wrong),
		Duration: input{Name: "default_duration", Class: "w4 phone-full", Label: r.T("params.duration"), Hint: r.T("params.duration_hint"), Numeric: true, Value: typed.or("default_duration", int(in.DefaultDuration/time.Minute))}.on(wrong),
		Conflict: pick{Name: "conflict_policy", Class: "w4 phone-full", Label: r.T("params.conflict"), Hint: r.T("params.conflict_hint"), Options: policyOptions(r, in.ConflictPolicy)}.on(wrong),
		Trash:    input{Name: "trash_kept", Class: "w4 phone-full", Label: r.T("params.trash"), Hint: r.T("params.trash_hint"), Numeric: true, Value: typed.or("trash_kept", int(in.TrashKept/(24*time.Hour)))}.on(wrong),
		UIDs:     input{Name: "uids_kept", Class: "w4 phone-full", Label: r.T("params.uids"), Hint: r.T("params.uids_hint"), Numeric: true, Value: typed.or("uids_kept", int(in.UIDsKept/(24*time.Hour)))}.on(wrong),
		Zone:     input{Name: "time_zone", Class: "w4 phone-full", Label: r.T("params.zone"), Hint: r.T("params.zone_hint"), Value: in.TimeZone, Autocomplete: "off"}.on(wrong),
		Language: pick{Name: "language", Class: "w4 phone-full", Label: r.T("params.language"), Options: languageOptions(in.Language)}.on(wrong),
		Rights:   rightTicks(r, in.DefaultRights),
		Own:      tick{Name: "own_calendars", Label: r.T("mycal.setting"), Hint: r.T("mycal.setting_hint"), Checked: in.OwnCalendars},
		Guard: []input{
			{Name: "guard.more", Class: "w3 phone-half", Label: r.T("params.guard_more"), Hint: r.T("params.guard_events_hint"), Numeric: true, Value: typed.or("guard.more", in.Guard.More)},
			{Name: "guard.part", Class: "w3 phone-half", Label: r.T("params.guard_part"), Numeric: true, Value: typed.or("guard.part", int(math.Round(in.Guard.Part*100)))},
			{Name: "guard.most", Class: "w3 phone-half", Label: r.T("params.guard_most"), Hint: r.T("params.guard_events_hint"), Numeric: true, Value: typed.or("guard.most", in.Guard.Most)},
			{Name: "guard.emptied", Class: "w3 phone-half", Label: r.T("params.guard_emptied"), Hint: r.T("params.guard_events_hint"), Numeric: true, Value: typed.or("guard.emptied", in.Guard.Emptied)},
		},
	}
	for i := range p.Guard {
		p.Guard[i] = p.Guard[i].on(wrong)
	}
	return s.render(w, status, p)
}

// pollOptions are the intervals offered, with the one that is set.
func pollOptions(r *request, chosen time.Duration) []option {
	offered := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour, 0}
	if !slices.Contains(offered, chosen) {
		offered = append([]time.Duration{chosen}, offered...)
	}
	var options []option
	for _, interval := range offered {
		text := r.T("params.poll_never")
		switch {
		case interval == 0:
		case interval%time.Hour == 0:
			text = r.T("params.poll_hours", "hours", int(interval/time.Hour))
		default:
			text = r.T("params.poll_every", "minutes", int(interval/time.Minute))
		}
		options = append(options, option{strconv.Itoa(int(interval / time.Second)), text, interval == chosen})
	}
	return options
}

func policyOptions(r *request, chosen crm.ConflictPolicy) []option {
	var options []option
	for _, policy := range []crm.ConflictPolicy{crm.CRMWins, crm.CalendarWins, crm.LatestWins} {
		options = append(options, option{string(policy), r.T("params.conflict_" + string(policy)), policy == chosen})
	}
	return options
}

func rightTicks(r *request, rights crm.Rights) []tick {
	return []tick{
		{Name: "change_others", Label: r.T("people.change_others"), Checked: rights.ChangeOthers},
		{Name: "reassign", Label: r.T("people.reassign"), Checked: rights.Reassign},
	}
}

// saveModule switches the module and the option on and off.
func saveModule(s *site, w http.ResponseWriter, r *request) error {
	return s.changeSettings(w, r, func(in *service.SettingsInput, _ formTexts, _ fieldProblems) {
		in.ModuleActive, in.OnlineCalendar = ticked(r, "module_active"), ticked(r, "online_calendar")
	})
}

// saveSettings changes the rest.
func saveSettings(s *site, w http.ResponseWriter, r *request) error {
	return s.changeSettings(w, r, func(in *service.SettingsInput, typed formTexts, wrong fieldProblems) {
		number := func(name string, least, most int, take func(int)) {
			n, ok := wholeNumber(r.PostForm.Get(name))
			switch {
			case !ok:
				wrong.add(name, r.T("params.whole_number"))
			case n < least || n > most:
				wrong.add(name, r.T("params.range", "min", least, "max", most))
			default:
				take(n)
				return
			}
			typed[name] = r.PostForm.Get(name)
		}
		const minutesOfDay, daysOfTenYears, manyEvents = 24 * 60, 3650, 1_000_000
		number("poll_interval", 0, minutesOfDay*60, func(n int) { in.PollInterval = time.Duration(n) * time.Second })
		number("default_duration", 1, minutesOfDay, func(n int) { in.DefaultDuration = time.Duration(n) * time.Minute })
		number("trash_kept", 1, daysOfTenYears, func(n int) { in.TrashKept = time.Duration(n) * 24 * time.Hour })
		number("uids_kept", 1, daysOfTenYears, func(n int) { in.UIDsKept = time.Duration(n) * 24 * time.Hour })
		number("guard.more", 0, manyEvents, func(n int) { in.Guard.More = n })
		number("guard.part", 0, 100, func(n int) { in.Guard.Part = float64(n) / 100 })
		number("guard.most", 1, manyEvents, func(n int) { in.Guard.Most = n })
		number("guard.emptied", 1, manyEvents, func(n int) { in.Guard.Emptied = n })
		in.ConflictPolicy = crm.ConflictPolicy(r.PostForm.Get("conflict_policy"))
		in.TimeZone, in.Language = r.PostForm.Get("time_zone"), crm.Language(r.PostForm.Get("language"))
		in.DefaultRights = crm.Rights{ChangeOthers: ticked(r, "change_others"), Reassign: ticked(r, "reassign")}
		in.OwnCalendars = ticked(r, "own_calendars")
	})
}

func (s *site) changeSettings(w http.ResponseWriter, r *request, change func(*service.SettingsInput, formTexts, fieldProblems)) error {
	if err := administrator(r); err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	version, err := version(r)
	if err != nil {
		return err
	}
	settings, err := s.Service.Settings(r.Context(), r.caller)
	if err != nil {
		return err
	}
	in, typed, wrong := service.SettingsInputOf(settings), formTexts{}, fieldProblems{}
	change(&in, typed, wrong)
	if len(wrong) > 0 {
		return s.showParametersWith(w, r, http.StatusUnprocessableEntity, version, in, typed, wrong)
	}
	_, err = s.Service.ChangeSettings(r.Context(), r.caller, version, in)
	problems, isProblems := errors.AsType[crm.Problems](err)
	moved, isMoved := errors.AsType[*service.VersionError](err)
	switch {
	case err == nil:
		return see(w, r, parametersPath+"?done=params.saved")
	case isProblems:
		return s.showParametersWith(w, r, http.StatusUnprocessableEntity, version, in, typed, r.fieldProblemsOf(problems, settingsFields...))
	case isMoved:
		now, _ := moved.Current.(crm.Settings)
		return s.showParametersWith(w, r, http.StatusConflict, now.Version, service.SettingsInputOf(now), formTexts{}, fieldProblems{"": r.T("params.moved")})
	}
	return err
}
