package caldav

import (
	"net/http"
	"net/http/httptrace"
)

// sentFor tells the client's trace that a connection was had, as net/http does before it writes.
func sentFor(r *http.Request) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
}

// diallingFor tells the client's trace that a connection is being made, as net/http does before it dials.
func diallingFor(r *http.Request) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GetConn != nil {
		trace.GetConn(r.URL.Host)
	}
}
