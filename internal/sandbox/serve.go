package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	reportSync     = "sync-collection"
	reportMultiget = "calendar-multiget"
	reportQuery    = "calendar-query"

	maxBody = 64 << 20 // bytes of a request
)

// exchange is one request on its way.
type exchange struct {
	request *http.Request
	manners Manners // as they were when it came
	escaped string  // its path
	decoded string
	body    []byte
	doc     *node
	docErr  error
	report  string
	token   string // of a sync-collection report
	depth   string
	claimed string // who it says it is
	user    string // who it is
	target  target
	fault   *Fault
	writes  []*Write
	chunked bool
}

// ServeHTTP answers one request. It ends the connection by panicking with http.ErrAbortHandler where a fault asks for it.
func (s *Server) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	e, refused := s.receive(w, request)
	var a *answer
	do := Effect{}
	if e.fault != nil {
		do = e.fault.Do
	}
	if do.Hang == Before {
		s.done(e, 0, 0, false)
		hang(request.Context())
		panic(http.ErrAbortHandler)
	}
	if do.Reset == Before || do.Reset == Unreached {
		s.done(e, 0, 0, false)
		if w, ok := w.(*recorder); ok {
			w.refused = do.Reset == Unreached
		}
		panic(http.ErrAbortHandler)
	}
	if do.First != nil {
		do.First()
	}
	switch {
	case refused != nil:
		a = refused
	case do.Refuse != nil:
		a = do.Refuse.answer()
	default:
		if do.Twice {
			s.handle(e)
		}
		a = s.handle(e)
	}
	if do.Replace != nil {
		a = do.Replace.answer()
	}
	if do.Then != nil {
		do.Then()
	}
	switch {
	case do.Hang == After:
		s.done(e, a.status, 0, false)
		hang(request.Context())
		panic(http.ErrAbortHandler)
	case do.Hang == InHeader:
		s.done(e, a.status, 0, false)
		s.partOfHeader(w, request)
		panic(http.ErrAbortHandler)
	case do.Reset == After || do.Reset == InHeader:
		s.done(e, a.status, 0, false)
		panic(http.ErrAbortHandler)
	}
	sent, whole := s.give(w, e, a)
	whole = whole && request.Context().Err() == nil
	s.done(e, a.status, sent, whole)
	if !whole {
		panic(http.ErrAbortHandler)
	}
}

func (a *Answer) answer() *answer {
	header := a.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	return &answer{status: a.Status, header: header, body: []byte(a.Body)}
}

// partOfHeader sends the beginning of an answer's header over a real connection and waits; elsewhere it only waits.
func (s *Server) partOfHeader(w http.ResponseWriter, request *http.Request) {
	if hijacker, ok := w.(http.Hijacker); ok {
		conn, stream, err := hijacker.Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		stream.WriteString("HTTP/1.1 207 Multi-Status\r\nContent-Type: application/xml; char")
		stream.Flush()
		// A hijacked connection's context does not end with it: its reading side tells that the client has gone.
		io.Copy(io.Discard, stream)
		return
	}
	hang(request.Context())
}

// receive reads a request and finds the fault for it.
func (s *Server) receive(w http.ResponseWriter, request *http.Request) (*exchange, *answer) {
	e := &exchange{request: request, escaped: request.URL.EscapedPath(), depth: request.Header.Get("Depth"), chunked: len(request.TransferEncoding) > 0}
	e.decoded, _ = url.PathUnescape(e.escaped)
	e.claimed = s.claimed(request)
	var refused *answer
	if request.Body != nil {
		body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxBody))
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			refused = plain(http.StatusRequestEntityTooLarge, "too large\n")
		} else if err != nil {
			panic(http.ErrAbortHandler) // the client went away
		}
		e.body = body
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e.manners = s.manners
	if encoding := request.Header.Get("Content-Encoding"); strings.EqualFold(encoding, "gzip") && refused == nil {
		if status := e.manners.GzipBody; status != 0 {
			refused = plain(status, "compressed bodies are not taken\n")
		} else if text, err := gunzip(e.body); err != nil {
			refused = plain(http.StatusBadRequest, "the body is not gzip\n")
		} else {
			e.body = text
		}
	}
	if request.Method == "REPORT" || request.Method == "PROPFIND" || request.Method == "PROPPATCH" || request.Method == "MKCALENDAR" || request.Method == "MKCOL" {
		e.doc, e.docErr = parseXML(e.body)
		if request.Method == "REPORT" && e.doc != nil {
			e.report = e.doc.name.Local
			e.token = e.doc.child(spaceDAV, "sync-token").value()
		}
	}
	e.fault = s.strike(e)
	return e, refused
}

func gunzip(body []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(reader, maxBody+1))
	if err == nil && len(text) > maxBody {
		err = errors.New("too large")
	}
	return text, err
}

// done logs the exchange and says of its writes whether their answer went out.
func (s *Server) done(e *exchange, status int, sent int64, whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, write := range e.writes {
		write.Delivered = whole && status == write.Status
	}
	request := Request{At: s.now().UTC(), User: e.claimed, Method: e.request.Method, Report: e.report, Depth: e.depth, Path: e.escaped, Status: status, Sent: sent}
	if e.fault != nil {
		request.Fault = e.fault.Name
	}
	s.logRequest(request)
}

// handle serves a request.
func (s *Server) handle(e *exchange) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	method := e.request.Method
	if strings.TrimSuffix(e.escaped, "/") == "/.well-known/caldav" && s.manners.WellKnown.Status != 0 {
		return s.wellKnown(e)
	}
	if !(method == http.MethodOptions && s.manners.OpenOptions) {
		if refused := s.signIn(e); refused != nil {
			return refused
		}
	}
	if e.chunked && s.manners.NoChunks && len(e.body) > 0 {
		return plain(http.StatusBadRequest, "Bad Request")
	}
	e.target = s.resolve(e.escaped, e.user)
	if method == http.MethodOptions {
		return s.options()
	}
	if refused := s.wall(e); refused != nil {
		return refused
	}
	switch method {
	case http.MethodGet, http.MethodHead:
		return s.get(e)
	case http.MethodPut:
		return s.putRequest(e)
	case http.MethodDelete:
		return s.deleteRequest(e)
	case "PROPFIND":
		return s.propfind(e)
	case "PROPPATCH":
		return s.proppatch(e)
	case "REPORT":
		return s.reportRequest(e)
	case "MKCALENDAR", "MKCOL":
		return s.mkcalendar(e)
	case "MOVE":
		return s.move(e)
	case http.MethodPost:
		status := s.manners.PostStatus
		if status == 0 {
			status = http.StatusMethodNotAllowed
		}
		return plain(status, http.StatusText(status)+"\n")
	}
	return plain(http.StatusNotImplemented, "method not implemented\n")
}

const allowed = "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, REPORT, MKCALENDAR, MOVE"

func (s *Server) options() *answer {
	a := plain(http.StatusOK, "")
	dav := "1, 3, access-control, calendar-access"
	if s.manners.Mails {
		dav += ", calendar-auto-schedule"
	}
	a.header.Set("DAV", dav)
	a.header.Set("Allow", allowed)
	return a
}

func (s *Server) wellKnown(e *exchange) *answer {
	known := s.manners.WellKnown
	a := plain(known.Status, "")
	location := known.Location
	if known.Absolute {
		location = origin(e.request) + location
	}
	a.header.Set("Location", location)
	return a
}

func origin(request *http.Request) string {
	scheme := "http"
	if request.TLS != nil || request.URL.Scheme == "https" {
		scheme = "https"
	}
	return scheme + "://" + request.Host
}

// claimed is who a request says it is from.
func (s *Server) claimed(request *http.Request) string {
	if user, _, ok := request.BasicAuth(); ok {
		return user
	}
	if token, ok := bearerToken(request); ok && s.bearer != nil {
		user, _ := s.bearer(token)
		return user
	}
	return ""
}

func bearerToken(request *http.Request) (string, bool) {
	scheme, token, _ := strings.Cut(request.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

const lockTime = 30 * time.Minute

// signIn finds who a request is from, or refuses it.
func (s *Server) signIn(e *exchange) *answer {
	if s.manners.Open != "" {
		e.user = s.manners.Open
		return nil
	}
	if token, ok := bearerToken(e.request); ok && s.bearer != nil {
		if user, ok := s.bearer(token); ok && s.state.Users[user] != nil {
			e.user = user
			return nil
		}
		return s.unauthorized()
	}
	locked := s.manners.LockAfter > 0 && s.failed >= s.manners.LockAfter && s.now().Before(s.failedAt.Add(lockTime))
	if locked {
		return s.refusal(http.StatusTooManyRequests, "", "Too many requests")
	}
	name, password, ok := e.request.BasicAuth()
	if !ok || s.manners.BearerOnly {
		return s.unauthorized()
	}
	if user := s.state.Users[name]; user != nil && user.Password == password {
		e.user, s.failed = name, 0
		return nil
	}
	s.failed++
	s.failedAt = s.now()
	return s.unauthorized()
}

func (s *Server) unauthorized() *answer {
	a := s.refusal(http.StatusUnauthorized, "", "Unauthorized")
	for _, challenge := range s.manners.Challenges {
		a.header.Add("WWW-Authenticate", challenge)
	}
	return a
}

// wall keeps people out of what is not theirs.
func (s *Server) wall(e *exchange) *answer {
	t := e.target
	if t.user == "" || t.user == e.user || s.manners.Open != "" {
		return nil
	}
	if t.kind == kindPrincipal && s.state.Users[t.user] != nil && e.request.Method == "PROPFIND" {
		return nil // who somebody is may be asked
	}
	switch status := s.manners.OthersStatus; status {
	case 0:
		return s.refusal(http.StatusForbidden, davElement("need-privileges", ""), "access denied")
	case http.StatusMultiStatus:
		if e.request.Method == "PROPFIND" {
			return nil
		}
		return s.refusal(http.StatusForbidden, davElement("need-privileges", ""), "access denied")
	default:
		return s.refusal(status, "", "not found")
	}
}

// stored is the object a request is about, for faults. The caller holds mu.
func (s *Server) stored(e *exchange) *object {
	asker := e.claimed
	if s.manners.Open != "" {
		asker = s.manners.Open
	}
	return s.resolve(e.escaped, asker).object
}

// BasicAuth is the Authorization header of a user.
func (u User) BasicAuth() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(u.Name+":"+u.Password))
}
