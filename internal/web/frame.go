package web

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// frame is what stands around every page. Page structs embed it, made by site.frame.
type frame struct {
	words
	Title    string
	Current  string // the place of the app bar that the page belongs to
	SignedIn bool
	UserName string
	Initials string
	Places   []place
	Banner   *banner
	Toast    *toast
}

// place is one entry of the app bar.
type place struct {
	Name  string // the last part of its key: place.NAME
	Path  string
	Icon  string
	Count int // what waits for this person there; 0: nothing is shown
}

// banner is the one thing that is said on every screen, under the app bar.
type banner struct {
	Tone string // signin or held, a class of the style sheet
	Icon string
	Lead string // the sentence in bold
	More string
	Path string
	Act  string // the words of the button
}

// toast is what this person's act did, with what takes it back.
type toast struct {
	Text string
	Undo string // where the form of the undo button goes; "": none
}

// frame makes the frame of a page for its reader. The banner is for the most urgent thing only: a link that must be signed in
// again, else decisions that wait.
func (s *site) frame(r *request, current, title string) (frame, error) {
	f := frame{words: r.words, Title: title, Current: current, SignedIn: r.signedIn}
	if !r.signedIn {
		return f, nil
	}
	f.UserName, f.Initials = r.caller.User.Name, initials(r.caller.User.Name)
	held, err := s.Service.HeldCount(r.Context(), r.caller)
	if err != nil {
		return frame{}, err
	}
	f.Places = places(r.caller.User, held)
	if on, err := s.moduleOn(r); err != nil {
		return frame{}, err
	} else if !on {
		f.Places = slices.DeleteFunc(f.Places, func(one place) bool { return one.Name == "actions" })
	}
	if f.Banner, err = s.signInBanner(r.Context(), r); err != nil || f.Banner != nil {
		return f, err
	}
	if held > 0 && current != "held" {
		f.Banner = &banner{
			Tone: "held", Icon: "hand", Lead: r.T("banner.decisions", "count", held), More: r.T("banner.decisions_more"), Path: "/held", Act: r.T("banner.decide"),
		}
	}
	return f, nil
}

// places are the entries of the app bar that a user has.
func places(user crm.User, held int) []place {
	all := []place{{Name: "home", Path: homePath, Icon: "home"}, {Name: "actions", Path: "/actions", Icon: "list"}}
	if held > 0 || user.Role == crm.RoleAdministrator {
		all = append(all, place{Name: "held", Path: "/held", Icon: "hand", Count: held})
	}
	if user.Role == crm.RoleAdministrator {
		all = append(all, place{Name: "parameters", Path: "/parameters", Icon: "sliders"})
	}
	return all
}

// signInBanner says which link waits to be signed in again: the reader's own first.
func (s *site) signInBanner(ctx context.Context, r *request) (*banner, error) {
	progress, err := s.Service.Progress(ctx, r.caller)
	if err != nil || !slices.ContainsFunc(progress.Failing, func(f service.LinkFailure) bool { return f.State == crm.LinkSignInAgain }) {
		return nil, err // the usual case, and cheaper than the links with all their counts
	}
	links, err := s.Service.Links(ctx, r.caller)
	if err != nil {
		return nil, err
	}
	var found *banner
	for _, link := range links {
		if !link.SignInAgain || link.States[0] != crm.LinkSignInAgain {
			continue
		}
		own := link.User == r.caller.User.ID
		b := &banner{Tone: "signin", Icon: "key", Path: "/links/" + link.ID.String()}
		if own {
			b.Lead, b.More = r.T("banner.sign_in_again"), r.T("banner.sign_in_again_more", "count", link.Pending)
		} else {
			b.Lead, b.More = r.T("banner.sign_in_again_other", "name", link.UserName), r.T("banner.sign_in_again_more", "count", link.Pending)
		}
		if link.MayManage || own && link.Kind != crm.LinkSimple {
			b.Act = r.T("banner.sign_in")
		}
		if own {
			return b, nil
		}
		if found == nil {
			found = b
		}
	}
	return found, nil
}

// initials are the first letters of the first and the last word of a name.
func initials(name string) string {
	all := strings.Fields(name)
	if len(all) == 0 {
		return ""
	}
	first := func(word string) string {
		r, _ := utf8.DecodeRuneInString(word)
		return strings.ToUpper(string(r))
	}
	if len(all) == 1 {
		return first(all[0])
	}
	return first(all[0]) + first(all[len(all)-1])
}
