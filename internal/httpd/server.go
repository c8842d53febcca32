package httpd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config is what a Server works with. Only Web and Log are needed.
type Config struct {
	Web http.Handler // at /
	API http.Handler // at /api/; nil: none
	Log *slog.Logger

	// Ready says whether requests can be answered: nil, or why not. It goes to the log, never to the client.
	Ready func(context.Context) error

	// Proxies are the reverse proxies whose forwarded headers are believed; of anybody else they are dropped.
	Proxies []netip.Prefix
	// MetricsFrom may read /metrics, beside the machine itself.
	MetricsFrom []netip.Prefix
	// Metrics are served with those of this package; nil: a registry of its own.
	Metrics *prometheus.Registry

	// CertFile and KeyFile turn on TLS. They are read anew when they change.
	CertFile, KeyFile string
	// ACME turns on TLS with certificates that are asked for; nil: it does not. It goes without CertFile.
	ACME *ACME

	// MaxBodyBytes bounds a request's body; 0: 8 MiB.
	MaxBodyBytes int64
	// Stop is how long Serve lets requests finish once it is told to end; 0: 8 seconds.
	Stop time.Duration
	// Random makes request ids; nil: the system's.
	Random io.Reader
}

// The limits of a connection. Clients are people's browsers, some on a bad line.
const (
	headerTimeout  = 10 * time.Second
	bodyTimeout    = 60 * time.Second // for all of it
	writeTimeout   = 60 * time.Second // for each piece
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
	maxBodyBytes   = 8 << 20
	defaultStop    = 8 * time.Second
)

// Server answers requests.
type Server struct {
	config  Config
	handler http.Handler
	tls     *tls.Config
}

// New makes a Server. The error is about the certificate or about metrics registered twice.
func New(config Config) (*Server, error) {
	if config.Web == nil || config.Log == nil {
		panic("httpd: the configuration is not complete")
	}
	if config.MaxBodyBytes == 0 {
		config.MaxBodyBytes = maxBodyBytes
	}
	if config.Stop == 0 {
		config.Stop = defaultStop
	}
	if config.Metrics == nil {
		config.Metrics = prometheus.NewRegistry()
	}
	s := &Server{config: config}
	switch {
	case config.ACME != nil:
		s.tls = config.ACME.config()
	case config.CertFile != "" || config.KeyFile != "":
		certificate := &certificateFiles{cert: config.CertFile, key: config.KeyFile}
		if _, err := certificate.get(nil); err != nil {
			return nil, err
		}
		s.tls = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate.get, NextProtos: []string{"h2", "http/1.1"}}
	}
	var err error
	s.handler, err = s.build()
	return s, err
}

// Handler is what answers, for a test that listens by itself.
func (s *Server) Handler() http.Handler { return s.handler }

// Serve answers what comes in by listener until ctx ends, and then lets requests finish for Config.Stop at most. It closes
// the listener. Event streams end at once then: they would never finish. nil: it stopped because it was told to.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	if s.tls != nil {
		listener = tls.NewListener(listener, s.tls)
	}
	open, letGo := context.WithCancelCause(context.WithoutCancel(ctx))
	defer letGo(nil)
	server := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return context.WithValue(open, stoppingKey{}, ctx) },
		ErrorLog:          log.New(lineLogger{s.config.Log}, "", 0),
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Stop)
	defer cancel()
	err := server.Shutdown(finish)
	if err != nil { // some did not finish: their connections are cut
		letGo(errStopped)
		err = server.Close()
	}
	<-stopped
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("stop serving on %s: %w", listener.Addr(), err)
	}
	return nil
}

var errStopped = errors.New("the program stops")

type stoppingKey struct{}

// lineLogger takes the lines that net/http writes about connections.
type lineLogger struct{ log *slog.Logger }

func (l lineLogger) Write(line []byte) (int, error) {
	l.log.Debug("connection", "error", string(line))
	return len(line), nil
}
