package web

import (
	"net/http"
	"slices"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// heldEachPage decides about deletions one by one.
type heldEachPage struct {
	frame
	Name    string
	Path    string
	Rows    []eachRow
	Rest    int // how many are not listed: they wait on
	Days    int
	Problem string
}

func (heldEachPage) view() string { return "held_each" }

type eachRow struct {
	heldRow
	ID, Decision string
}

// heldDeletions is what waits under the id of the path, for one who may decide about it.
func (s *site) heldDeletions(r *request) (service.HeldView, error) {
	var id service.HeldID
	if err := id.UnmarshalText([]byte(r.PathValue("id"))); err != nil {
		return service.HeldView{}, errNoPage
	}
	held, err := s.Service.Held(r.Context(), r.caller)
	if err != nil {
		return service.HeldView{}, err
	}
	i := slices.IndexFunc(held, func(view service.HeldView) bool { return view.ID == id && view.Kind == service.HeldDeletions })
	if i < 0 {
		return service.HeldView{}, errNoPage
	}
	return held[i], nil
}

func showHeldEach(s *site, w http.ResponseWriter, r *request) error {
	held, err := s.heldDeletions(r)
	if err != nil {
		return err
	}
	return s.showHeldEachWith(w, r, http.StatusOK, held, nil, "")
}

func (s *site) showHeldEachWith(w http.ResponseWriter, r *request, status int, held service.HeldView, each map[crm.ActionID]string, problem string) error {
	settings, err := s.Service.Settings(r.Context(), r.caller)
	if err != nil {
		return err
	}
	f, err := s.frame(r, "held", r.T("each.title"))
	if err != nil {
		return err
	}
	p := heldEachPage{
		frame: f, Name: held.UserName, Path: heldPath + "/" + held.ID.String() + "/each", Rest: max(0, held.Count-len(held.Actions)), Days: int(settings.TrashKept.Hours() / 24), Problem: problem,
	}
	for _, action := range held.Actions {
		p.Rows = append(p.Rows, eachRow{heldRowOf(r, action), action.ID.String(), each[action.ID]})
	}
	return s.render(w, status, p)
}

func decideHeldEach(s *site, w http.ResponseWriter, r *request) error {
	held, err := s.heldDeletions(r)
	if err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	each := map[crm.ActionID]string{}
	for _, action := range held.Actions {
		if decision := r.PostForm.Get("decision-" + action.ID.String()); decision != "" {
			each[action.ID] = decision
		}
	}
	err = s.Service.DecideEach(r.Context(), r.caller, held.ID, each)
	if problems, is := err.(crm.Problems); is {
		return s.showHeldEachWith(w, r, http.StatusUnprocessableEntity, held, each, r.sentences(problems)[0])
	}
	if err != nil {
		return err
	}
	return see(w, r, heldPath+"?done=decide.saved")
}
