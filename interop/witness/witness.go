// Package witness stands between the program and a real calendar server and keeps what the judge of package oracle needs: a
// log of every write that the server applied, with what was there before and after it. It passes requests on as they come and
// answers as they come back; beside each write it reads the resource itself. All writes to the calendars must come by it.
//
// Writes to one resource are let through one after the other, so that the log is exact. What a server does when two arrive in
// the same instant is not seen by it.
package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"agendaonline/internal/oracle"
)

// Witness is one server seen through a listener of this machine. Any number of goroutines may use it.
type Witness struct {
	// Origin is where the program finds the server: scheme, host and port.
	Origin string

	target    *url.URL
	now       func() time.Time
	transport *http.Transport
	server    *http.Server
	serving   sync.WaitGroup

	mu       sync.Mutex
	number   int // of the last write that began
	writes   []oracle.Write
	resets   []oracle.Reset
	resource map[string]*sync.Mutex // by path: who writes it
	known    map[string]stored      // by path: what was there after the last write
	open     map[*Open]bool
	requests int // of the program, since the last time they were counted
}

// Open is a request of the program that is not answered yet.
type Open struct {
	Method, Path string
}

// Write reports whether it changes a calendar.
func (o Open) Write() bool { return o.Method == http.MethodPut || o.Method == http.MethodDelete }

// passWithin is how long a server may take for one request.
const passWithin = 3 * time.Minute

// Start listens before the server at origin. now is the clock of the world.
func Start(origin string, now func() time.Time) (*Witness, error) {
	target, err := url.Parse(origin)
	if err != nil {
		return nil, fmt.Errorf("read the origin: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen before %s: %w", origin, err)
	}
	w := &Witness{
		Origin: "http://" + listener.Addr().String(), target: target, now: now,
		transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16},
		resource:  map[string]*sync.Mutex{}, known: map[string]stored{}, open: map[*Open]bool{},
	}
	w.server = &http.Server{Handler: w, ReadHeaderTimeout: time.Minute}
	w.serving.Go(func() { _ = w.server.Serve(listener) })
	return w, nil
}

// Close ends it; requests that are open are cut.
func (w *Witness) Close() error {
	err := w.server.Close()
	w.serving.Wait()
	w.transport.CloseIdleConnections()
	return err
}

// Restarted tells that the server was stopped and started: what is open to it leads nowhere.
func (w *Witness) Restarted() { w.transport.CloseIdleConnections() }

// Through is an address of the server as the program finds it here.
func (w *Witness) Through(address string) string {
	return w.Origin + strings.TrimPrefix(address, w.target.Scheme+"://"+w.target.Host)
}

// Writes are those that were applied so far to calendars at the given paths, in the order in which they began; no path: to all.
func (w *Witness) Writes(calendars ...string) []oracle.Write {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := slices.DeleteFunc(slices.Clone(w.writes), func(one oracle.Write) bool {
		return len(calendars) > 0 && !slices.Contains(calendars, one.Calendar)
	})
	slices.SortFunc(found, func(a, b oracle.Write) int { return a.Number - b.Number })
	return found
}

// Last is the number of the write that began last. Every later one has a higher number.
func (w *Witness) Last() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.number
}

// Forget drops the writes so far: what came before the history begins.
func (w *Witness) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes = nil
}

// Open are the program's requests that are not answered at this instant.
func (w *Witness) Open() []Open {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []Open
	for one := range w.open {
		found = append(found, *one)
	}
	return found
}

// Requests is how many the program has sent since the last time it was asked.
func (w *Witness) Requests() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.requests
	w.requests = 0
	return n
}

// Reset notes that calendars are not what the log says any more, because the server was put back to an earlier state: these
// resources are what they hold now.
func (w *Witness) Reset(resources []oracle.Resource) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.resets = append(w.resets, oracle.Reset{After: w.number, Resources: resources})
	clear(w.known)
}

// Resets are the resets so far.
func (w *Witness) Resets() []oracle.Reset {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.resets)
}

// ServeHTTP passes on a request of the program.
func (w *Witness) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the program ended within its request, which no server would have understood
	}
	one := &Open{r.Method, r.URL.Path}
	w.mu.Lock()
	w.open[one] = true
	w.requests++
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.open, one)
		w.mu.Unlock()
	}()
	// A request that has arrived is carried out, whether or not somebody still waits for the answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), passWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, r.Method, w.target.Scheme+"://"+w.target.Host+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadGateway)
		return
	}
	request.Header, request.Host, request.ContentLength = r.Header.Clone(), r.Host, int64(len(body))
	if len(body) == 0 {
		request.Body = http.NoBody
	}
	request.Header.Del("Connection")
	answer, err := w.pass(request, body, "program")
	if err != nil {
		panic(http.ErrAbortHandler) // the server gave none
	}
	for name, values := range answer.header {
		if name != "Connection" && name != "Transfer-Encoding" && name != "Content-Length" && name != "Keep-Alive" {
			out.Header()[name] = values
		}
	}
	if answer.close {
		out.Header().Set("Connection", "close")
	}
	out.WriteHeader(answer.status)
	_, _ = out.Write(answer.body)
}

// answer is what the server answered.
type answer struct {
	status int
	header http.Header
	body   []byte
	close  bool
}

// pass sends a request, and logs it if it is a write that the server applied.
func (w *Witness) pass(request *http.Request, body []byte, by string) (answer, error) {
	if request.Method != http.MethodPut && request.Method != http.MethodDelete {
		return w.send(request)
	}
	path := request.URL.Path
	lock := w.lockOf(path)
	lock.Lock()
	defer lock.Unlock()
	w.mu.Lock()
	before, known := w.known[path]
	delete(w.known, path)
	w.mu.Unlock()
	if !known {
		var err error
		if before, err = w.look(request); err != nil {
			return answer{}, err
		}
	}
	user, _, _ := request.BasicAuth()
	w.mu.Lock()
	w.number++
	write := oracle.Write{
		Number: w.number, At: w.now(), By: by, User: user, Agent: request.UserAgent(), Method: request.Method,
		Calendar: path[:strings.LastIndexByte(path, '/')+1], Href: path, Sent: string(body), Before: before.text, ETagBefore: before.etag,
		IfMatch: request.Header.Get("If-Match"), IfNoneMatch: request.Header.Get("If-None-Match"),
	}
	w.mu.Unlock()
	given, sendErr := w.send(request)
	after, err := w.look(request)
	if err := errors.Join(sendErr, err); err != nil {
		return given, err
	}
	w.mu.Lock()
	w.known[path] = after
	w.mu.Unlock()
	// 207 is a refusal in Xandikos 0.2.8; what an answer means is seen by what is there after it.
	stored := given.status == http.StatusOK || given.status == http.StatusCreated || given.status == http.StatusNoContent
	if !stored && after == before {
		return given, nil
	}
	write.After, write.ETagAfter, write.Status, write.ETagGiven, write.Delivered = after.text, after.etag, given.status, given.header.Get("ETag"), true
	w.mu.Lock()
	w.writes = append(w.writes, write)
	w.mu.Unlock()
	return given, nil
}

func (w *Witness) lockOf(path string) *sync.Mutex {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.resource[path] == nil {
		w.resource[path] = &sync.Mutex{}
	}
	return w.resource[path]
}

// stored is a resource as the server has it; both are "" where there is none.
type stored struct{ text, etag string }

// look reads the resource that a request is about, as whoever sends it.
func (w *Witness) look(about *http.Request) (stored, error) {
	request, err := http.NewRequestWithContext(about.Context(), http.MethodGet, about.URL.String(), nil)
	if err != nil {
		return stored{}, err
	}
	request.Host = about.Host
	if credentials := about.Header.Get("Authorization"); credentials != "" {
		request.Header.Set("Authorization", credentials)
	}
	given, err := w.send(request)
	switch {
	case err != nil:
		return stored{}, err
	case given.status == http.StatusOK:
		return stored{string(given.body), given.header.Get("ETag")}, nil
	case given.status == http.StatusNotFound || given.status == http.StatusGone:
		return stored{}, nil
	}
	return stored{}, fmt.Errorf("read %s: status %d", about.URL.Path, given.status)
}

func (w *Witness) send(request *http.Request) (answer, error) {
	response, err := w.transport.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	return answer{response.StatusCode, response.Header, body, response.Close}, nil
}
