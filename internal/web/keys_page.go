package web

import "net/http"

// keysPage lists what the keyboard does.
type keysPage struct {
	frame
	Keys []shortcut
}

type shortcut struct{ Key, Does string }

func (keysPage) view() string { return "keys" }

// shortcuts are the keys that assets/agenda.js listens to, with the last part of their sentence's key.
var shortcuts = []shortcut{{"/", "search"}, {"n", "new"}, {"j", "next"}, {"k", "previous"}, {".", "arrived"}, {"Ctrl + Enter", "save"}, {"?", "keys"}}

func showKeys(s *site, w http.ResponseWriter, r *request) error {
	f, err := s.frame(r, "", r.T("keys.title"))
	if err != nil {
		return err
	}
	p := keysPage{frame: f}
	for _, one := range shortcuts {
		p.Keys = append(p.Keys, shortcut{one.Key, r.T("keys." + one.Does)})
	}
	return s.render(w, http.StatusOK, p)
}
