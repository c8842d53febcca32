package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

const wizardPath = "/links/new"

// wizardSteps is the line of steps above the pages that add a link.
type wizardSteps struct {
	words
	Steps          []wizardStep
	Own            bool   // of the reader's own calendar, which has no step for the user
	Exit, ExitText string // where the wizard is left to
}

// wizardStep is one of them: what was chosen in it, when it is done, and where to change that.
type wizardStep struct {
	Number              int
	Name, Chosen, Path  string
	Done, Current, Last bool
}

func stepsOf(r *request, current int, d *draft) *wizardSteps {
	steps := []wizardStep{{Name: r.T("wizard.step_user")}, {Name: r.T("wizard.step_kind")}, {Name: r.T("wizard.step_parameters"), Chosen: r.T("wizard.step_then"), Last: true}}
	for i := range steps {
		steps[i].Number, steps[i].Done, steps[i].Current = i+1, i+1 < current, i+1 == current
	}
	if d != nil {
		steps[0].Chosen, steps[0].Path = d.userName, wizardPath
		if current > 2 {
			steps[1].Chosen, steps[1].Path = r.T("links.kind_"+string(d.in.Kind)), d.path("kind")
		}
		if current > 3 {
			steps[2].Chosen, steps[2].Path = d.in.Username, d.path("parameters")
		}
		if d.own {
			steps = steps[1:]
			for i := range steps {
				steps[i].Number = i + 1
			}
			return &wizardSteps{r.words, steps, true, calendarPath, r.T("mycal.title")}
		}
	}
	return &wizardSteps{r.words, steps, false, linksPath, r.T("link_page.back")}
}

// path is the address of a page of the draft.
func (d draft) path(page string) string { return wizardPath + "/" + d.id.String() + "/" + page }

// wizardUserPage is the first step: whose actions go to the calendar.
type wizardUserPage struct {
	frame
	Wizard *wizardSteps
	Query  string
	Search bool // there are so many users that they can be searched
	People []personCard
	Linked int
	Notice string
}

func (wizardUserPage) view() string { return "wizard_user" }

type personCard struct {
	ID, Name, About string
	Checked         bool
}

// manyUsers is when a list of people can be searched.
const manyUsers = 12

func showWizardUser(s *site, w http.ResponseWriter, r *request) error {
	if err := administrator(r); err != nil {
		return err
	}
	notice := ""
	if r.URL.Query().Has("lost") {
		notice = r.T("wizard.lost")
	}
	return s.showWizardUserWith(w, r, http.StatusOK, notice)
}

func (s *site) showWizardUserWith(w http.ResponseWriter, r *request, status int, notice string) error {
	f, err := s.frame(r, "parameters", r.T("wizard.title"))
	if err != nil {
		return err
	}
	free, linked, err := s.usersWithoutLink(r)
	if err != nil {
		return err
	}
	p := wizardUserPage{frame: f, Wizard: stepsOf(r, 1, nil), Query: r.URL.Query().Get("q"), Search: len(free) > manyUsers, Linked: linked, Notice: notice}
	for _, user := range free {
		if wanted := strings.ToLower(p.Query); !strings.Contains(strings.ToLower(user.Name+" "+user.Email+" "+user.Login), wanted) {
			continue
		}
		open, err := s.actionsFrom(r, user.ID, r.Today())
		if err != nil {
			return err
		}
		about := r.T("wizard.open_actions", "count", open)
		if user.Email != "" {
			about += " · " + user.Email
		}
		p.People = append(p.People, personCard{user.ID.String(), user.Name, about, len(p.People) == 0})
		if len(p.People) == 50 { // a company with more searches
			break
		}
	}
	return s.render(w, status, p)
}

// usersWithoutLink are the active users who can be given a link, and how many have one.
func (s *site) usersWithoutLink(r *request) ([]crm.User, int, error) {
	views, err := s.Service.Links(r.Context(), r.caller)
	if err != nil {
		return nil, 0, err
	}
	users, err := s.Service.Users(r.Context(), r.caller)
	if err != nil {
		return nil, 0, err
	}
	free := slices.DeleteFunc(users, func(user crm.User) bool {
		return !user.Active || slices.ContainsFunc(views, func(view service.LinkView) bool { return view.User == user.ID })
	})
	return free, len(views), nil
}

// actionsFrom counts the actions of a follower with a date that is not before day.
func (s *site) actionsFrom(r *request, follower crm.UserID, day crm.Date) (int, error) {
	page, err := s.Service.List(r.Context(), r.caller, service.ActionQuery{FollowedBy: []crm.UserID{follower}, From: day, Limit: 1})
	return page.Total, err
}

func saveWizardUser(s *site, w http.ResponseWriter, r *request) error {
	if err := administrator(r); err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	free, _, err := s.usersWithoutLink(r)
	if err != nil {
		return err
	}
	for _, user := range free {
		if user.ID.String() != r.PostForm.Get("user") {
			continue
		}
		d := draft{id: crm.NewID[crm.Link](s.Service.IDs), userName: user.Name, asksShown: true, in: service.LinkInput{User: user.ID, Kind: crm.LinkSimple, Username: user.Email}}
		if err := s.keepDraft(r.Context(), r, d); err != nil {
			return err
		}
		return see(w, r, d.path("kind"))
	}
	return s.showWizardUserWith(w, r, http.StatusUnprocessableEntity, r.Problem(crm.NewProblem(service.CodeUnknownUser, "user")))
}

// draft is the draft that a page is about. When it is gone the wizard begins anew; nothing was saved.
func (s *site) draft(w http.ResponseWriter, r *request) (draft, bool, error) {
	if err := s.mayAdd(r); err != nil {
		return draft{}, false, err
	}
	id, err := pathID[crm.Link](r, "id")
	if err != nil {
		return draft{}, false, err
	}
	d, found, err := s.draftOf(r, id)
	if err == nil && !found {
		if err = administrator(r); err != nil {
			return d, false, see(w, r, calendarPath+"?lost=")
		}
		err = see(w, r, wizardPath+"?lost=")
	}
	return d, found, err
}

// wizardKindPage is the second step: how the calendar is signed in to.
type wizardKindPage struct {
	frame
	Wizard *wizardSteps
	Name   string
	Path   string
	Grants bool // kinds that sign in by a grant are offered
	Kind   crm.LinkKind
}

func (wizardKindPage) view() string { return "wizard_kind" }

func showWizardKind(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	f, err := s.frame(r, "parameters", r.T("wizard.title"))
	if err != nil {
		return err
	}
	return s.render(w, http.StatusOK, wizardKindPage{frame: f, Wizard: stepsOf(r, 2, &d), Name: d.userName, Path: d.path("kind"), Grants: s.Service.Grants != nil, Kind: d.in.Kind})
}

func saveWizardKind(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	kind := crm.LinkKind(r.PostForm.Get("kind"))
	if byGrant := kind == crm.LinkOAuth || kind == crm.LinkGoogle; kind != crm.LinkSimple && !(byGrant && s.Service.Grants != nil) {
		return crm.Problems{crm.NewProblem(service.CodeLinkKind, "kind", "kind", string(kind))}
	}
	if d.in.Kind != kind {
		d.in.Kind, d.in.Draft, d.verdict, d.plan = kind, service.DraftRef{}, nil, nil
		if err := s.keepDraft(r.Context(), r, d); err != nil {
			return err
		}
	}
	return see(w, r, d.path("parameters"))
}

// wizardParametersPage is the third step: address, username and password.
type wizardParametersPage struct {
	frame
	Wizard                      *wizardSteps
	Address, Username, Password input
	PlainHTTP, Write            tick
	Certificate                 *certificateForm
	Problem                     string
	BackPath, TestPath          string
	AppPasswordPath             string // "": none can be fetched
}

func (wizardParametersPage) view() string { return "wizard_parameters" }

func showWizardParameters(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	return s.showWizardParametersWith(w, r, http.StatusOK, d, fieldProblems{})
}

func (s *site) showWizardParametersWith(w http.ResponseWriter, r *request, status int, d draft, wrong fieldProblems) error {
	if d.in.Kind != crm.LinkSimple {
		return s.showWizardGrant(w, r, status, d, wrong)
	}
	f, err := s.frame(r, "parameters", r.T("wizard.title"))
	if err != nil {
		return err
	}
	password := passwordInput(r, r.T("wizard.password_hint")).on(wrong)
	if d.in.Password != "" {
		password.Hint = r.T("link_edit.keep")
	}
	flow := ""
	if s.Service.AppPasswords != nil {
		flow = d.path("app-password")
	}
	return s.render(w, status, wizardParametersPage{
		AppPasswordPath: flow,
		frame:           f, Wizard: stepsOf(r, 3, &d), Problem: wrong[""], BackPath: d.path("kind"), TestPath: d.path("test"),
		Address: addressInput(r, d.in.Address).on(wrong), Username: usernameInput(r, d.in.Username).on(wrong), Password: password,
		PlainHTTP: plainTick(r, d.in.PlainHTTP).on(wrong), Certificate: r.certificateForm(crm.LinkTLS{}, d.in.TLS, wrong),
		Write: tick{Name: "test_write", Label: r.T("wizard.write"), Hint: r.T("wizard.write_hint"), Checked: d.in.TestWrite || d.in.Address == ""},
	})
}

// testWizard takes what was typed, or the calendar that was chosen, and shows the connection test as it runs.
func testWizard(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	d.verdict, d.plan, d.in.WithoutSyncToken = nil, nil, false
	if r.PostForm.Has("signed") {
		d.in.TestWrite = ticked(r, "test_write")
	} else if r.PostForm.Has("address") {
		d.in = typedLink(r, d.in)
	} else if r.PostForm.Has("calendar") {
		d.in.Calendar = r.PostForm.Get("calendar")
	}
	if err := s.keepDraft(r.Context(), r, d); err != nil {
		return err
	}
	f, err := s.frame(r, "parameters", r.T("linktest.title"))
	if err != nil {
		return err
	}
	p := checkPage{
		frame: f, Wizard: stepsOf(r, 3, &d), BackPath: d.path("parameters"), BackText: r.T("wizard.change"),
		About: d.userName + " · " + d.in.Address, AgainPath: d.path("test"),
	}
	err = s.stream(w, r, p, func(ctx context.Context, report func(service.TestStep)) (service.Verdict, error) {
		verdict, err := s.Service.TestLink(ctx, r.caller, d.in, report)
		if err != nil {
			return verdict, err
		}
		d.verdict = &verdict
		return verdict, s.keepDraft(ctx, r, d)
	}, func(p *checkPage, verdict service.Verdict) {
		if verdict.Outcome == service.DoesNotWork {
			return
		}
		p.Choice = choiceOf(r, verdict)
		if verdict.Calendar.Href == "" {
			return
		}
		p.PlanPath, p.WithoutPath = d.path("shown"), d.path("plan")
		if verdict.NoSyncToken {
			p.Without = withoutTick(r)
		}
	})
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.showWizardParametersWith(w, r, http.StatusUnprocessableEntity, d, r.fieldProblemsOf(problems, linkFields...))
	}
	return err
}

// typedLink is what the form says. A password that was typed before stays while it goes to the same place.
func typedLink(r *request, before service.LinkInput) service.LinkInput {
	in := service.LinkInput{
		User: before.User, Kind: before.Kind, ShownBusy: before.ShownBusy, Address: r.PostForm.Get("address"), Username: r.PostForm.Get("username"), Password: r.PostForm.Get("password"),
		PlainHTTP: ticked(r, "plain_http"), TestWrite: ticked(r, "test_write"), TLS: r.typedCertificate(before.TLS, r.PostForm.Get("address") == before.Address),
	}
	if in.Password == "" && in.Address == before.Address && in.Username == before.Username {
		in.Password = before.Password
	}
	return in
}

// choiceOf are the calendars to choose among; none when there is one only.
func choiceOf(r *request, verdict service.Verdict) []calendarChoice {
	if len(verdict.Calendars) < 2 {
		return nil
	}
	var choice []calendarChoice
	for _, found := range verdict.Calendars {
		var notes []string
		for _, note := range []struct {
			holds bool
			key   string
		}{{found.ReadOnly, "wizard.read_only"}, {found.Foreign, "wizard.foreign"}, {found.NoEvents, "wizard.no_events"}} {
			if note.holds {
				notes = append(notes, r.T(note.key))
			}
		}
		name := found.Name
		if name == "" {
			name = found.Href
		}
		choice = append(choice, calendarChoice{found.Href, name, strings.Join(notes, ", "), found.Href == verdict.Calendar.Href, !found.NoEvents})
	}
	return choice
}

// works reports whether the last test ended well, with a calendar.
func (d draft) works() bool {
	return d.verdict != nil && d.verdict.Outcome != service.DoesNotWork && d.verdict.Calendar.Href != ""
}

// withoutTick is the explicit choice to do without sync-token (semantics 2).
func withoutTick(r *request) *tick {
	return &tick{Name: "without_sync_token", Label: r.T("wizard.without"), Hint: r.T("wizard.without_hint")}
}

// saveWithoutToken takes that choice.
func saveWithoutToken(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	d.in.WithoutSyncToken = ticked(r, "without_sync_token")
	if err := s.keepDraft(r.Context(), r, d); err != nil {
		return err
	}
	return see(w, r, d.path("shown"))
}

func saveWizard(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	if missing := d.missing(); missing != "" {
		return see(w, r, d.path(missing))
	}
	if err := posted(r); err != nil {
		return err
	}
	d.in.Start, err = startOf(r, "start")
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.planAgain(w, r, d, http.StatusUnprocessableEntity, r.sentences(problems)[0])
	}
	if r.PostForm.Get("decision") == "count" {
		return s.planAgain(w, r, d, http.StatusOK, "")
	}
	d.in.Everything = d.plan != nil && d.in.Start.IsZero() // who saw the plan and chose no start wants all of it
	d.in.Calendar = d.verdict.Calendar.Href
	link, err := s.Service.CreateLink(r.Context(), r.caller, d.in)
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.showWizardParametersWith(w, r, http.StatusUnprocessableEntity, d, r.fieldProblemsOf(problems, linkFields...))
	}
	if err != nil {
		return err
	}
	if err := s.Service.DropWizard(r.Context(), r.caller, d.id); err != nil {
		return err
	}
	return see(w, r, linksPath+"/"+link.ID.String()+"?done=links.created")
}
