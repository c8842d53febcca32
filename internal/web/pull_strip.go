package web

import (
	"errors"
	"net/http"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// pullStrip is the progress or the result of the last pull, above the list.
type pullStrip struct {
	words
	State   string // running, done, trouble or off
	Lead    string
	More    string
	Age     int // seconds since the result; the script counts on
	HasAge  bool
	Value   int // of Max; both 0: not known yet
	Max     int
	Trouble string // the calendars that do not answer, beside the result
	Path    string // where the page without script asks again
}

// pullStrip says how the pull of the calendars stands.
func (s *site) pullStrip(r *request, path string) (pullStrip, error) {
	strip := pullStrip{words: r.words, Path: path}
	settings, err := s.Service.Settings(r.Context(), r.caller)
	if err != nil {
		return strip, err
	}
	if !settings.ModuleActive || !settings.OnlineCalendar {
		strip.State, strip.Lead, strip.More = "off", r.T("pull.off"), r.T("pull.off_more")
		return strip, nil
	}
	progress, err := s.Service.Progress(r.Context(), r.caller)
	if err != nil {
		return strip, err
	}
	strip.Trouble = r.trouble(progress.Failing)
	switch {
	case progress.Running:
		strip.running(progress)
	case progress.LinksTotal == 0 && len(progress.Failing) > 0:
		strip.State, strip.Lead, strip.More, strip.Trouble = "trouble", strip.Trouble, r.T("pull.known_shown"), ""
	case progress.LinksTotal == 0:
		strip.State, strip.Lead = "off", r.T("pull.none")
	default:
		strip.done(progress)
	}
	return strip, nil
}

func (strip *pullStrip) running(progress service.PullProgress) {
	strip.State, strip.Lead = "running", strip.T("pull.running")
	if progress.LinksTotal > 1 {
		strip.Lead = strip.T("pull.running_of", "done", progress.LinksDone, "total", progress.LinksTotal)
	}
	if progress.Expected > 0 {
		strip.Value, strip.Max = min(progress.Processed, progress.Expected), progress.Expected
		strip.More = strip.T("pull.processed", "done", strip.Value, "total", strip.Max)
		return
	}
	strip.More = strip.T("pull.work_on")
}

func (strip *pullStrip) done(progress service.PullProgress) {
	strip.State, strip.HasAge, strip.Age = "done", true, int(progress.Age/time.Second)
	strip.More = strip.Ago(strip.now.Add(-progress.Age))
	strip.Lead = strip.T("pull.nothing")
	if progress.New+progress.Changed+progress.Removed > 0 {
		strip.Lead = strip.result(progress)
	}
}

// result is "3 new, 1 changed, 1 removed", what is none left out.
func (strip *pullStrip) result(progress service.PullProgress) string {
	text := ""
	for _, part := range []struct {
		key   string
		count int
	}{{"pull.new", progress.New}, {"pull.changed", progress.Changed}, {"pull.removed", progress.Removed}} {
		if part.count == 0 {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += strip.T(part.key, "count", part.count)
	}
	return text
}

// trouble names the calendar that does not answer, or how many do not.
func (w words) trouble(failing []service.LinkFailure) string {
	switch len(failing) {
	case 0:
		return ""
	case 1:
		switch failing[0].State {
		case crm.LinkSignInAgain:
			return w.T("pull.one_sign_in", "name", failing[0].UserName)
		case crm.LinkNeedsDecision:
			return w.T("pull.one_decision", "name", failing[0].UserName)
		}
		return w.T("pull.one_fails", "name", failing[0].UserName, "reason", w.Reason(failing[0].Reason, failing[0].Params))
	}
	return w.T("pull.several_fail", "count", len(failing))
}

// openActions says that the screen was opened: it starts a pull of the calendars that the list can show. With the option off, or
// in the middle of stopping, there is nothing to pull, and the list is shown all the same.
func (s *site) openActions(r *request, f filter) error {
	_, err := s.Service.OpenActions(r.Context(), r.caller, f.followers(r.caller))
	if _, forbidden := errors.AsType[*service.Forbidden](err); forbidden {
		return err
	}
	if err != nil && r.Context().Err() == nil {
		s.Log.WarnContext(r.Context(), "start a pull for the actions screen", "error", err)
	}
	return nil
}

// showPull answers with the strip alone: the script asks for it while a pull runs.
func showPull(s *site, w http.ResponseWriter, r *request) error {
	p, err := s.pullPage(r)
	if err != nil {
		return err
	}
	return s.renderPart(w, http.StatusOK, p, "pull")
}

// openAgain is sent by a page that stays open and visible: its screen opens anew (semantics 3).
func openAgain(s *site, w http.ResponseWriter, r *request) error {
	if err := s.openActions(r, r.readFilter(r.URL.Query())); err != nil {
		return err
	}
	if !r.partial {
		return see(w, r, r.readFilter(r.URL.Query()).Path(""))
	}
	return showPull(s, w, r)
}

func (s *site) pullPage(r *request) (actionsPage, error) {
	f := r.readFilter(r.URL.Query())
	strip, err := s.pullStrip(r, f.Path(""))
	return actionsPage{frame: frame{words: r.words}, Filter: f, Pull: strip}, err
}
