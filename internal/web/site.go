package web

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"agendaonline/internal/auth"
	"agendaonline/internal/crm"
	"agendaonline/internal/live"
	"agendaonline/internal/service"
)

// Identity knows who asks; auth.Door fits it.
type Identity interface {
	// Sessions loads the session of a browser before next and saves it with the answer.
	Sessions(next http.Handler) http.Handler
	// Who is the user that a request comes from; false: nobody is signed in.
	Who(r *http.Request) (crm.User, bool, error)

	// SignIn begins a session for whoever typed the right password; auth.ErrWrong or *auth.Throttled otherwise. address is
	// where the request comes from.
	SignIn(ctx context.Context, login, password, address string) (crm.User, error)
	// Enter begins a session for somebody who proved in another way who he is, under a new cookie.
	Enter(ctx context.Context, user crm.UserID) error
	// Session names the session of a request, without giving its cookie away; "" for none.
	Session(ctx context.Context) string
	// SignOut ends the session.
	SignOut(ctx context.Context) error
	// Guess counts an attempt at the password of somebody who is signed in; right is called when it was right.
	Guess(login, address string) (right func(), err error)
}

// Config is what the pages work with. All but Assets, BaseURL and FirstCode is needed.
type Config struct {
	Service  *service.Service
	Identity Identity
	Live     *live.Feed
	Now      func() time.Time
	Log      *slog.Logger
	// Assets are the built files (style.css, agenda.js, icons.svg, icon.svg); nil: those that were embedded when the program was built.
	Assets fs.FS
	// BaseURL is where people find the pages, "https://crm.example"; "": wherever they came to. Forms sent from another origin
	// are refused.
	BaseURL string
	// FirstCode makes the first administrator; nil where there is one.
	FirstCode *auth.FirstCode
}

// site answers requests for pages.
type site struct {
	Config
	assets *assets
	views  *views
}

// New makes the handler of all routes. One that lacks something it works with, or whose templates do not fit each other, is a
// broken program: the error says which.
func New(config Config) (http.Handler, error) {
	switch {
	case config.Service == nil, config.Identity == nil, config.Live == nil, config.Now == nil, config.Log == nil:
		return nil, errors.New("web: service, identity, live, now and log are needed")
	}
	s := &site{Config: config}
	var err error
	if s.assets, err = loadAssets(config.Assets, config.Log); err != nil {
		return nil, err
	}
	if s.views, err = loadViews(s.assets); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/{hash}/{name}", s.assets)
	for _, route := range Routes() {
		mux.Handle(route.Method+" "+route.Pattern, s.answer(route))
	}
	mux.Handle("/", s.answer(Route{Name: "not_found", Public: true, handle: notFound}))
	protected, err := s.protect(mux)
	if err != nil {
		return nil, err
	}
	return headers(protected, config.BaseURL), nil
}
