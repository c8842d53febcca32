package httpd

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"
)

// HeaderRequestID carries the id of a request in its answer, so that a person can name it and the log can be searched.
const HeaderRequestID = "X-Request-Id"

// build puts the parts together, the outermost last.
func (s *Server) build() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("/", s.config.Web)
	if s.config.API != nil {
		mux.Handle("/api/", s.config.API)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", s.ready)
	metrics, err := newMetrics(s.config.Metrics)
	if err != nil {
		return nil, err
	}
	mux.Handle("GET /metrics", s.onlyFrom(metrics.handler(s.config.Metrics)))
	handler := s.recovered(mux)
	handler = s.observed(handler, metrics)
	handler = s.limited(handler)
	return s.addressed(handler), nil
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.config.Ready != nil {
		if err := s.config.Ready(r.Context()); err != nil {
			s.config.Log.Warn("not ready", "error", err)
			plain(w, http.StatusServiceUnavailable, "not ready\n")
			return
		}
	}
	plain(w, http.StatusOK, "ready\n")
}

// onlyFrom hides a page from everybody but the machine itself and Config.MetricsFrom.
func (s *Server) onlyFrom(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !from.Addr().IsLoopback() && !contains(s.config.MetricsFrom, from.Addr()) {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// recovered answers 500 where a handler panics, and keeps the program alive.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, isError := cause.(error); isError && errors.Is(err, http.ErrAbortHandler) {
				panic(cause) // the handler's way to cut the connection
			}
			s.config.Log.Error("a handler panicked", "request", w.Header().Get(HeaderRequestID), "cause", cause, "stack", string(debug.Stack()))
			if answer, ours := w.(*answer); ours && answer.status == 0 {
				clear(w.Header())
				plain(w, http.StatusInternalServerError, http.StatusText(http.StatusInternalServerError)+"\n")
				return
			}
			panic(http.ErrAbortHandler) // half an answer must not look whole
		}()
		next.ServeHTTP(w, r)
	})
}

// observed gives the request an id, and writes one line about it when it was answered: no query, no header, no body, since
// these may hold what a person searched for or signed in with.
func (s *Server) observed(next http.Handler, metrics *metrics) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := s.requestID()
		w.Header().Set(HeaderRequestID, id)
		answer := &answer{ResponseWriter: w, control: http.NewResponseController(w)}
		began := time.Now()
		metrics.running.Inc()
		defer func() {
			metrics.running.Dec()
			took := time.Since(began)
			if answer.status == 0 {
				answer.status = http.StatusOK
			}
			metrics.answered(r.Method, answer.status, took)
			from := r.RemoteAddr
			if host, _, err := net.SplitHostPort(from); err == nil {
				from = host
			}
			s.config.Log.Info("request", "request", id, "method", r.Method, "path", r.URL.Path, "status", answer.status,
				"bytes", answer.bytes, "duration", took, "from", from)
		}()
		next.ServeHTTP(answer, r)
	})
}

func (s *Server) requestID() string {
	random := s.config.Random
	if random == nil {
		random = rand.Reader
	}
	var id [8]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return "unnamed"
	}
	return hex.EncodeToString(id[:])
}

// limited bounds the size of a body and the time it takes to come in, and lets event streams go when the program stops.
func (s *Server) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0 {
			control := http.NewResponseController(w)
			// An error means that the connection has no deadlines, as that of a test.
			_ = control.SetReadDeadline(time.Now().Add(bodyTimeout))
			r.Body = &timedBody{ReadCloser: http.MaxBytesReader(w, r.Body, s.config.MaxBodyBytes), control: control}
		}
		if stopping, is := r.Context().Value(stoppingKey{}).(context.Context); is && strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
			ctx, cancel := context.WithCancelCause(r.Context())
			defer cancel(nil)
			defer context.AfterFunc(stopping, func() { cancel(errStopped) })()
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}

// timedBody takes the deadline off a connection once the body is in: the server would take it for a client that went away.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// answer counts what is answered and gives the client a while for each piece.
type answer struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int
	bytes   int64
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	_ = a.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// FlushError sends what was written.
func (a *answer) FlushError() error {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	_ = a.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	return a.control.Flush()
}

// Flush is FlushError for those who ask for an http.Flusher.
func (a *answer) Flush() { _ = a.FlushError() }

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
