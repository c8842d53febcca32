package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
	_ "time/tzdata" // the rules of time zones, on machines that have none

	"agendaonline/internal/api"
	"agendaonline/internal/auth"
	"agendaonline/internal/caldav"
	"agendaonline/internal/crm"
	"agendaonline/internal/httpd"
	"agendaonline/internal/live"
	"agendaonline/internal/mail"
	"agendaonline/internal/oauth"
	"agendaonline/internal/outbound"
	"agendaonline/internal/scheduler"
	"agendaonline/internal/secret"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/syncer"
	"agendaonline/internal/web"
	"agendaonline/internal/zone"
)

// programConfig is what a program is assembled from.
type programConfig struct {
	Store   store.Options
	Keys    *secret.Ring // nil: those of KeyFile
	KeyFile string
	Allow   outbound.Allow
	HTTP    httpd.Config // without what the program puts into it: Web, API, Log and Ready
	// Secure: people come by https only, to this program or to the proxy before it.
	Secure bool
	// BaseURL is where people find the pages; "": wherever they came to.
	BaseURL string
	// Mail is the mail server; the zero Server is none.
	Mail mail.Server
	Log  *slog.Logger
	Now  func() time.Time
	Gate syncer.Gate // nil but in tests
	// Google is where Google is; the zero one is the real one.
	Google googleAddresses
}

// program is the whole of it, assembled: what main runs and tests start. open makes it, close ends it; in between it does
// nothing by itself until serve or startRuns is called.
type program struct {
	programConfig
	store     *store.Store
	keys      *secret.Ring
	zones     *zone.Rules
	transport *outbound.Transport
	oauth     *oauth.Client
	bearers   bearers
	node      string // names this process among all that use the database
	scheduler *scheduler.Scheduler
	passwords *auth.Passwords
	door      *auth.Door
	service   *service.Service
	first     *auth.FirstCode // nil: there is an administrator
	left      chan struct{}   // a link that is being ended has nothing left to do
}

// stopWithin is how long an orderly stop takes at most.
const stopWithin = 10 * time.Second

// openProgram opens the database and the keys and assembles everything. A fresh database gets a fresh key file; one that is
// not fresh must find its own.
func openProgram(ctx context.Context, config programConfig) (_ *program, err error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Google == (googleAddresses{}) {
		config.Google = realGoogle
	}
	p := &program{programConfig: config, zones: zone.NewRules(time.LoadLocation), node: nodeName(), left: make(chan struct{}, 1)}
	if p.store, err = store.Open(ctx, config.Store); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.store.Close())
		}
	}()
	if p.keys = config.Keys; p.keys == nil {
		if p.keys, err = openKeys(ctx, config.KeyFile, p.store); err != nil {
			return nil, err
		}
	}
	if p.passwords, err = auth.NewPasswords(); err != nil {
		return nil, err
	}
	p.transport = outbound.New(outbound.Config{Allow: config.Allow, Now: config.Now})
	p.oauth = oauth.New(p.transport, config.Now, rand.Reader)
	p.door = auth.New(auth.Config{Store: p.store, Passwords: p.passwords, Now: config.Now, Secure: config.Secure, Failed: p.failed})
	p.assemble()
	if err := p.service.Start(ctx); err != nil {
		return nil, err
	}
	return p, p.drawFirstCode(ctx)
}

// drawFirstCode draws the code that makes the first administrator, where there is none.
func (p *program) drawFirstCode(ctx context.Context) error {
	needed, err := p.service.NeedsAdministrator(ctx)
	if err != nil || !needed {
		return err
	}
	p.first, err = auth.NewFirstCode(rand.Reader, p.Now)
	return err
}

// assemble joins what calls each other: the service wakes the scheduler, the scheduler runs the syncer.
func (p *program) assemble() {
	ids := crm.IDSource{Now: p.Now, Random: rand.Reader}
	engine := syncer.New(syncer.Config{
		Store: p.store, Connect: p.connect, Gate: p.Gate, IDs: ids, Now: p.Now, Zones: p.zones, Jitter: jitter, Log: p.Log,
	})
	p.scheduler = scheduler.New(scheduler.Config{
		Store: p.store, Owner: p.node, Run: p.noticing(engine.Run), Failed: engine.Failed, Now: p.Now, Log: p.Log,
	})
	tests := newTester(p.transport, p.Now)
	tests.google = p.Google.CalDAV
	tests.grant = func(id crm.LinkID) caldav.Credentials { return p.bearer(id) }
	p.service = service.New(service.Config{
		Store: p.store, Keys: p.keys, Zones: p.zones, IDs: ids, Waker: p.scheduler, Puller: puller{p.scheduler}, Tester: tests, Planner: planner{p, engine}, Passwords: p.passwords,
		Grants: granter{p.oauth, p.Google, p.way}, AppPasswords: appPasswords{p.way},
	})
}

// openKeys loads the key file. Only a database that was never used gets a new one: a new key opens nothing that an old one
// sealed.
func openKeys(ctx context.Context, path string, s *store.Store) (*secret.Ring, error) {
	ring, err := secret.Load(path)
	if !errors.Is(err, secret.ErrNoKeyFile) {
		return ring, err
	}
	err = s.Read(ctx, func(tx *store.Tx) error { _, err := tx.Installation(); return err })
	switch {
	case errors.Is(err, store.ErrNotFound):
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		return secret.Create(path, rand.Reader)
	case err != nil:
		return nil, err
	default:
		return nil, fmt.Errorf("the database is in use already, and its key file %s is missing: put the file back from where its copy is kept (%w)", path, secret.ErrNoKeyFile)
	}
}

// close ends what open began. serve has returned.
func (p *program) close() error {
	p.transport.CloseIdleConnections()
	return p.store.Close()
}

// server answers requests from outside the program.
func (p *program) server() (*httpd.Server, error) {
	config := p.HTTP
	config.Log = p.Log
	if config.ACME != nil {
		config.ACME.Transport = p.transport
	}
	config.API = api.New(api.Config{Service: p.service, Door: p.door, Log: p.Log})
	var err error
	config.Web, err = web.New(web.Config{Service: p.service, Identity: p.door, Live: live.New(p.store), Now: p.Now, Log: p.Log, BaseURL: p.BaseURL, FirstCode: p.first})
	if err != nil {
		return nil, err
	}
	config.Ready = func(ctx context.Context) error {
		return p.store.Read(ctx, func(tx *store.Tx) error { _, err := tx.Settings(); return err })
	}
	return httpd.New(config)
}

// serve runs links and answers what comes in by listener until ctx ends; then it lets both finish what they do, and returns
// when nothing of it runs any more.
func (p *program) serve(ctx context.Context, listener net.Listener) error {
	server, err := p.server()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	p.scheduler.Start()
	var running sync.WaitGroup
	var stopErr error
	running.Go(func() {
		<-ctx.Done()
		stopErr = p.stopRuns(ctx)
	})
	running.Go(func() { p.keepHouse(ctx) })
	if p.Mail.Address != "" {
		running.Go(p.mailer(ctx))
	}
	err = server.Serve(ctx, listener)
	stop()
	running.Wait()
	return errors.Join(err, stopErr)
}

// mailer sends what people are told by mail, until ctx ends.
func (p *program) mailer(ctx context.Context) func() {
	m := mail.New(mail.Config{
		Store: p.store, Server: p.Mail, BaseURL: p.BaseURL, IDs: crm.IDSource{Now: p.Now, Random: rand.Reader}, Now: p.Now, Log: p.Log,
	})
	return func() { m.Run(ctx) }
}

// stopRuns ends the scheduler, whose context has ended.
func (p *program) stopRuns(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	return p.scheduler.Stop(ctx)
}

// What is done now and then.
const (
	purgeEvery    = time.Hour
	draftsEvery   = time.Minute
	optimizeEvery = 24 * time.Hour
	answersKept   = 7 * 24 * time.Hour // of requests with an Idempotency-Key
)

// noticing tells keepHouse of a link that is being ended and has nothing left to do.
func (p *program) noticing(run runLink) runLink {
	return func(ctx context.Context, lease store.Lease, report func(store.RunProgress)) (store.RunResult, error) {
		result, err := run(ctx, lease, report)
		if err == nil && result.Left {
			select {
			case p.left <- struct{}{}:
			default:
			}
		}
		return result, err
	}
}

type runLink = func(context.Context, store.Lease, func(store.RunProgress)) (store.RunResult, error)

// finishEnds ends the links that have nothing left to do, and tells what a person has still to do about their grants.
func (p *program) finishEnds(ctx context.Context) error {
	finished, err := p.service.FinishEnds(ctx)
	for _, one := range finished {
		p.Log.Info("link ended", "link", one.Link.String(), "revocation", string(one.Revocation))
	}
	return err
}

// purgeExpired empties the trash of what has been there for long enough.
func (p *program) purgeExpired(ctx context.Context) error {
	purged, err := p.service.PurgeExpired(ctx)
	if purged > 0 {
		p.Log.Info("trash purged", "actions", purged)
	}
	return err
}

// keepHouse removes what ended by age, and lets the database look at itself.
func (p *program) keepHouse(ctx context.Context) {
	purge, optimize, drafts := time.NewTicker(purgeEvery), time.NewTicker(optimizeEvery), time.NewTicker(draftsEvery)
	defer drafts.Stop()
	defer purge.Stop()
	defer optimize.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-purge.C:
			err = errors.Join(p.door.Purge(ctx), p.purgeExpired(ctx), p.store.Write(ctx, func(tx *store.Tx) error {
				_, err := tx.PurgeAnswers(p.Now().Add(-answersKept))
				return err
			}))
		case <-drafts.C:
			err = errors.Join(p.service.PurgeDrafts(ctx), p.finishEnds(ctx))
		case <-p.left:
			err = p.finishEnds(ctx)
		case <-optimize.C:
			_, err = p.service.ForgetUIDs(ctx)
			err = errors.Join(err, p.store.Optimize(ctx))
		}
		if err != nil && ctx.Err() == nil {
			p.Log.Error("housekeeping", "error", err)
		}
	}
}

// failed answers a request whose session could not be loaded or saved.
func (p *program) failed(w http.ResponseWriter, r *http.Request, err error) {
	p.Log.ErrorContext(r.Context(), "session", "error", err)
	http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
}

// nodeName tells this process from every other that uses the same database.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unnamed"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), rand.Text())
}
