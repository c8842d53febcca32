package sandbox

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// answer is what goes back: a body that is there, or one that is written as it goes.
type answer struct {
	status int
	header http.Header
	body   []byte
	stream func(w *bufio.Writer)
}

func plain(status int, text string) *answer {
	a := &answer{status: status, header: http.Header{}}
	if text != "" {
		a.header.Set("Content-Type", "text/plain; charset=utf-8")
		a.body = []byte(text)
	}
	return a
}

func document(status int, body string) *answer {
	a := &answer{status: status, header: http.Header{}, body: []byte(prolog + body)}
	a.header.Set("Content-Type", "application/xml; charset=utf-8")
	return a
}

// refusal is an error with its precondition (RFC 4918 section 16); inner is what stands within DAV:error.
func (s *Server) refusal(status int, inner, text string) *answer {
	space := s.manners.ErrorSpace
	if space == "" && inner == "" {
		return plain(status, text+"\n")
	}
	extra, declared := "", ""
	if space != "" {
		declared = ` xmlns:s="` + space + `"`
		extra = "<s:exception>Sabre\\DAV\\Exception</s:exception><s:message>" + escape(text) + "</s:message>"
	}
	return document(status, "<D:error"+declarations+declared+">"+extra+inner+"</D:error>")
}

// insideMultistatus answers 207 with the real status within, as Xandikos does with refused writes.
func insideMultistatus(href string, status int, inner string) *answer {
	condition := ""
	if inner != "" {
		condition = "<D:error>" + inner + "</D:error>"
	}
	return document(http.StatusMultiStatus, "<D:multistatus"+declarations+"><D:response>"+hrefElement(href)+"<D:status>"+statusLine(status)+"</D:status>"+condition+"</D:response></D:multistatus>")
}

func statusLine(status int) string {
	text := http.StatusText(status)
	if status == http.StatusTeapot {
		text = "I'm a teapot"
	}
	return fmt.Sprintf("HTTP/1.1 %d %s", status, text)
}

var compressors = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	return w
}}

// give sends an answer, with what the fault does to it, and reports how many bytes of the body went out and whether it is whole.
func (s *Server) give(w http.ResponseWriter, e *exchange, a *answer) (sent int64, whole bool) {
	m := e.manners
	header := w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	if m.Software != "" {
		header.Set("Server", m.Software)
	}
	header["Date"] = []string{s.now().Add(m.ClockOff).UTC().Format(http.TimeFormat)}
	if m.NoDate {
		header["Date"] = nil
	}
	if m.CloseEach {
		header.Set("Connection", "close")
	}
	if m.Cookies {
		header.Add("Set-Cookie", "sandbox=1; Path=/; HttpOnly")
	}
	do := Effect{}
	if e.fault != nil {
		do = e.fault.Do
	}
	compress := !m.NoGzip && acceptsGzip(e.request) && (a.stream != nil || len(a.body) > 256 || (do.CutInside && len(a.body) > 0))
	if compress && a.header.Get("Content-Encoding") == "" {
		header.Set("Content-Encoding", "gzip")
		header.Add("Vary", "Accept-Encoding")
		if m.GzipETags && header.Get("ETag") != "" {
			header.Set("ETag", strings.TrimSuffix(header.Get("ETag"), `"`)+`-gzip"`)
		}
	} else {
		compress = false
	}
	for name, values := range do.Header {
		if len(values) == 0 {
			values = nil
			if http.CanonicalHeaderKey(name) != "Date" {
				header.Del(name)
				continue
			}
		}
		header[http.CanonicalHeaderKey(name)] = values
	}
	counted := &counter{w: w}
	if a.stream != nil && !do.Cut && !do.CutInside && do.Slow == 0 && do.Hang != InBody && do.Reset != InBody {
		w.WriteHeader(a.status)
		if e.request.Method == http.MethodHead {
			return 0, true
		}
		out := io.Writer(counted)
		if compress {
			z := compressors.Get().(*gzip.Writer)
			z.Reset(counted)
			defer compressors.Put(z)
			defer z.Close()
			out = z
		}
		buffered := bufio.NewWriterSize(out, 64<<10)
		a.stream(buffered)
		buffered.Flush()
		if z, ok := out.(*gzip.Writer); ok {
			z.Close()
		}
		return counted.n, counted.err == nil
	}
	body := a.body
	if a.stream != nil {
		var text bytes.Buffer
		buffered := bufio.NewWriter(&text)
		a.stream(buffered)
		buffered.Flush()
		body = text.Bytes()
	}
	if do.CutInside {
		body = body[:len(body)/2]
	}
	if compress {
		var packed bytes.Buffer
		z := compressors.Get().(*gzip.Writer)
		z.Reset(&packed)
		z.Write(body)
		z.Close()
		compressors.Put(z)
		body = packed.Bytes()
	}
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified && a.status >= 200 && header.Get("Content-Length") == "" {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(a.status)
	if e.request.Method == http.MethodHead {
		return 0, true
	}
	cut := -1
	if do.Cut {
		cut = do.CutAfter
		if cut == 0 {
			cut = len(body) / 2
		}
	} else if do.Hang == InBody || do.Reset == InBody {
		cut = len(body) / 2
	}
	if cut >= 0 {
		counted.Write(body[:min(cut, len(body))])
		flush(w)
		if do.Hang == InBody {
			<-e.request.Context().Done()
		}
		return counted.n, false
	}
	if do.Slow > 0 {
		for i := range body {
			if s.sleep(e.request.Context(), do.Slow) != nil {
				return counted.n, false
			}
			counted.Write(body[i : i+1])
			flush(w)
		}
		return counted.n, counted.err == nil
	}
	counted.Write(body)
	return counted.n, counted.err == nil
}

func acceptsGzip(request *http.Request) bool {
	for _, value := range request.Header.Values("Accept-Encoding") {
		for _, coding := range strings.Split(value, ",") {
			name, quality, _ := strings.Cut(coding, ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") && strings.TrimSpace(quality) != "q=0" {
				return true
			}
		}
	}
	return false
}

func flush(w http.ResponseWriter) {
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
}

type counter struct {
	w   io.Writer
	n   int64
	err error
}

func (c *counter) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.w.Write(p)
	c.n += int64(n)
	c.err = err
	return n, err
}

// hang waits until the client gives up.
func hang(ctx context.Context) { <-ctx.Done() }

func httpTime(at time.Time) string { return at.UTC().Format(http.TimeFormat) }
