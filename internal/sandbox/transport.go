package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
)

// Transport answers requests within the process: an http.RoundTripper that runs the server in the caller's goroutine. What a
// fault does to a connection it does too: nothing answered is an error, a body that is cut ends with io.ErrUnexpectedEOF, and a
// server that hangs is left when the request's context ends. It decompresses nothing that was asked for compressed by name.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ server *Server }

// What a client's network tells of a connection that ended, and of one that was never made.
var (
	errReset   = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
)

func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	inner := request.Clone(ctx)
	if inner.Host == "" {
		inner.Host = request.URL.Host
	}
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	if inner.ContentLength < 0 || (inner.ContentLength == 0 && inner.Body != http.NoBody) {
		inner.TransferEncoding = []string{"chunked"}
	}
	defer inner.Body.Close()
	w := &recorder{header: http.Header{}}
	aborted := w.serve(t.server, inner)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if w.refused {
		return nil, errRefused
	}
	if w.status == 0 {
		return nil, errReset
	}
	body := io.Reader(bytes.NewReader(w.body.Bytes()))
	if aborted {
		body = io.MultiReader(body, cutOff{})
	}
	length := int64(w.body.Len())
	if stated, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil {
		length = stated
	}
	if aborted && w.sent.Get("Content-Length") == "" {
		length = -1
	}
	if w.sent["Date"] == nil {
		delete(w.sent, "Date")
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: io.NopCloser(body), ContentLength: length, Request: request,
	}, nil
}

// cutOff is where a cut answer ends.
type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// recorder keeps an answer.
type recorder struct {
	header http.Header
	sent   http.Header // as it was when the status was written
	status int
	body   bytes.Buffer

	refused bool
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// serve runs the handler, and reports whether it ended the connection.
func (w *recorder) serve(server *Server, request *http.Request) (aborted bool) {
	defer func() {
		if trouble := recover(); trouble != nil {
			if err, ok := trouble.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(trouble)
			}
			aborted = true
		}
	}()
	server.ServeHTTP(w, request)
	return false
}
