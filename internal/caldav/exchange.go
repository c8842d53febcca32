package caldav

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
)

// maxHops is how many redirects are followed.
const maxHops = 5

// maxErrorBytes of a refusal's body are read.
const maxErrorBytes = 64 << 10

// request is one thing asked of a server, redirects and a second try included.
type request struct {
	method  string
	report  string // name of a REPORT
	href    dav.Href
	target  *url.URL
	depth   string
	body    []byte
	header  [][2]string
	zipped  bool // a compressed answer is welcome
	listing bool // the answer may take long to begin
	token   bool // a sync-collection with a token
}

// op is what failures call it.
func (r *request) op() string {
	if r.report != "" {
		return r.report
	}
	return r.method
}

// writes reports whether the request changes something on the server.
func (r *request) writes() bool {
	return r.method == http.MethodPut || r.method == http.MethodDelete
}

// answer is a response that began well. Its reader must end with finish.
type answer struct {
	status int
	header http.Header
	url    *url.URL // where it came from in the end
	body   io.Reader
	own    [2]string // keys of the collection that was asked, see itself

	client   *Client
	request  *request
	exchange *dav.Exchange
	parent   context.Context
	ctx      context.Context
	close    func()
}

// What ended a request of ours.
var (
	errNoAnswer = errors.New("no answer within the time")
	errStalled  = errors.New("the answer stopped coming")
	errTotal    = errors.New("no whole answer within the time")
)

// send asks and returns the answer if its status is 2xx. The error is a *dav.Failure or the context's.
func (c *Client) send(parent context.Context, r *request) (*answer, error) {
	ctx, cancel := context.WithTimeoutCause(parent, c.config.Timeouts.Total, errTotal)
	target := r.target
	for hop := 0; ; hop++ {
		result, location, err := c.hop(parent, ctx, r, target)
		if err != nil {
			cancel()
			return nil, err
		}
		if result != nil {
			ended := result.close
			result.close = func() { ended(); cancel() }
			return result, nil
		}
		if target, err = c.follow(r, target, location, hop); err != nil {
			cancel()
			return nil, err
		}
	}
}

// hop sends the request to one URL, once more if the credentials say so. It gives the answer, or where it was redirected to.
func (c *Client) hop(parent, ctx context.Context, r *request, target *url.URL) (_ *answer, location string, _ error) {
	for again := false; ; again = true {
		result, sent, err := c.once(parent, ctx, r, target)
		if err != nil {
			return nil, "", err
		}
		switch status := result.status; {
		case status == http.StatusUnauthorized && !again && c.config.Credentials != nil:
			try, err := c.config.Credentials.Refused(sent, &http.Response{StatusCode: status, Header: result.header})
			if err != nil {
				failure := c.trouble(parent, ctx, r, err, false)
				result.finish(failed(failure))
				return nil, "", failure
			}
			if try {
				result.discard()
				result.finish("")
				continue
			}
			return nil, "", result.refusal()
		case status == 301 || status == 302 || status == 307 || status == 308:
			location := result.header.Get("Location")
			result.exchange.Location = withoutQuery(location)
			if location == "" {
				return nil, "", result.refusal()
			}
			result.discard()
			result.finish("")
			return nil, location, nil
		case status/100 == 2:
			return result, "", nil
		default:
			return nil, "", result.refusal()
		}
	}
}

// once sends the request a single time.
func (c *Client) once(parent, ctx context.Context, r *request, target *url.URL) (*answer, *http.Request, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	exchange := &dav.Exchange{
		Method: r.method, Report: r.report, Depth: r.depth, Href: dav.Href(withoutQuery(target.String())), SentAt: c.config.Now().UTC(),
	}
	lost := func(err error, sent bool) (*answer, *http.Request, error) {
		failure := c.trouble(parent, ctx, r, err, sent)
		cancel(nil)
		exchange.Took = c.config.Now().Sub(exchange.SentAt)
		exchange.Failed = failed(failure)
		c.config.Observe(*exchange)
		return nil, nil, failure
	}
	var dialling, connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { dialling.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	sent, err := c.prepare(traced, r, target)
	if err != nil {
		failure := c.trouble(parent, ctx, r, err, false)
		cancel(nil)
		return nil, nil, failure // nothing left: no exchange
	}
	patience := c.config.Timeouts.Answer
	if r.listing {
		patience = c.config.Timeouts.Listing
	}
	timer := time.AfterFunc(patience, func() { cancel(errNoAnswer) })
	response, err := c.config.RoundTripper.RoundTrip(sent)
	timer.Stop()
	if err != nil {
		// A round tripper that tells nothing of its connections may have sent what it was given.
		return lost(outbound.Explain(target.Host, err), connected.Load() || !dialling.Load())
	}
	exchange.Status = response.StatusCode
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		exchange.ServerDate = date.UTC()
	}
	patient := &patientBody{ctx: ctx, body: response.Body, patience: c.config.Timeouts.Stall}
	patient.timer = time.AfterFunc(patient.patience, func() { cancel(errStalled) })
	patient.timer.Stop()
	result := &answer{
		status: response.StatusCode, header: response.Header, url: target, body: patient,
		client: c, request: r, exchange: exchange, parent: parent, ctx: ctx,
		close: func() { patient.timer.Stop(); _ = response.Body.Close(); cancel(nil) },
	}
	if err := result.decompress(response.Header.Get("Content-Encoding")); err != nil {
		err = result.broken(err)
		return nil, nil, err
	}
	return result, sent, nil
}

// prepare makes the HTTP request and signs it in.
func (c *Client) prepare(ctx context.Context, r *request, target *url.URL) (*http.Request, error) {
	origin, err := outbound.OriginOf(target)
	if err != nil {
		return nil, err
	}
	if !c.config.Origins.Contains(origin) {
		return nil, &otherOrigin{origin}
	}
	if c.config.Credentials != nil && !origin.Secure() && !c.config.PlainHTTP {
		return nil, errPlainHTTP
	}
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body) // a length, not chunks: Radicale 3.1.8 answers 400 to those
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, target.String(), body)
	if err != nil {
		return nil, err
	}
	sent.URL = target
	sent.Header.Set("User-Agent", userAgent)
	sent.Header.Set("Accept-Encoding", "identity") // proxies mark the ETags of compressed answers
	if r.zipped {
		sent.Header.Set("Accept-Encoding", "gzip")
	}
	if r.depth != "" {
		sent.Header.Set("Depth", r.depth)
	}
	for _, field := range r.header {
		sent.Header.Set(field[0], field[1])
	}
	if !r.writes() {
		// Servers close connections that were kept (Apache after 100 requests); this tells net/http that reading may be
		// repeated, and as a field without values it is not sent.
		sent.Header["Idempotency-Key"] = []string{}
	}
	if c.config.Credentials != nil {
		if err := c.config.Credentials.Authorize(sent); err != nil {
			return nil, err
		}
	}
	return sent, nil
}

// follow is where a redirect leads, if it may be followed: the method and the body stay what they are.
func (c *Client) follow(r *request, from *url.URL, location string, hop int) (*url.URL, error) {
	refuse := func(cause dav.Cause, related string, err error) error {
		return &dav.Failure{Class: dav.ClassPermanent, Cause: cause, Op: r.op(), Href: r.href, Related: related, Err: err}
	}
	if hop >= maxHops {
		return nil, refuse(dav.CauseRedirectLoop, "", nil)
	}
	target, err := dav.Href(location).Resolve(from)
	if err != nil {
		return nil, refuse(dav.CauseNotDAV, "", fmt.Errorf("redirect: %w", err))
	}
	origin, err := outbound.OriginOf(target)
	if err != nil {
		return nil, refuse(dav.CauseNotDAV, "", fmt.Errorf("redirect: %w", err))
	}
	if from.Scheme == "https" && !origin.Secure() {
		return nil, refuse(dav.CauseDowngrade, withoutQuery(target.String()), nil)
	}
	if !c.config.Origins.Contains(origin) {
		return nil, refuse(dav.CauseRedirectOther, withoutQuery(target.String()), nil)
	}
	return target, nil
}

// found keeps a fact that the answer stated, for evidence.
func (a *answer) found(format string, arguments ...any) {
	const most = 40
	if len(a.exchange.Found) < most {
		a.exchange.Found = append(a.exchange.Found, fmt.Sprintf(format, arguments...))
	}
}

// finish ends the answer and tells who observes; failed says what was wrong with it, "" for nothing.
func (a *answer) finish(failed string) {
	a.close()
	a.exchange.Failed = failed
	a.exchange.Took = a.client.config.Now().Sub(a.exchange.SentAt)
	a.client.config.Observe(*a.exchange)
}

// broken ends an answer that could not be read and says why.
func (a *answer) broken(err error) error {
	failure := a.client.unread(a, err)
	a.finish(failed(failure))
	return failure
}

// failed is what an exchange says of a failure: its cause or class.
func failed(err error) string {
	failure, ok := dav.FailureOf(err)
	switch {
	case !ok:
		return "stopped"
	case failure.Cause != "":
		return string(failure.Cause)
	}
	return string(failure.Class)
}

// discard reads what little there is of an answer that nobody needs, so that its connection can be used again.
func (a *answer) discard() { _, _ = io.CopyN(io.Discard, a.body, maxErrorBytes) }

// withoutQuery is a URL as evidence may show it: queries of login pages hold tokens, and nobody's name stands before a host.
func withoutQuery(text string) string {
	if cut := strings.IndexAny(text, "?#"); cut >= 0 {
		text = text[:cut]
	}
	if scheme, rest, found := strings.Cut(text, "://"); found {
		authority, path, slash := strings.Cut(rest, "/")
		if at := strings.LastIndex(authority, "@"); at >= 0 {
			text = scheme + "://" + authority[at+1:]
			if slash {
				text += "/" + path
			}
		}
	}
	return text
}

// patientBody ends the request when nothing comes for a while. The time its reader takes between reads does not count.
type patientBody struct {
	ctx      context.Context
	body     io.Reader
	timer    *time.Timer
	patience time.Duration
}

func (b *patientBody) Read(p []byte) (int, error) {
	if err := context.Cause(b.ctx); err != nil {
		return 0, err
	}
	b.timer.Reset(b.patience)
	defer b.timer.Stop()
	return b.body.Read(p)
}
