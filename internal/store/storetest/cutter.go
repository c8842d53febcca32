package storetest

import (
	"bytes"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"agendaonline/internal/store"
)

// Cutter stands between a store and PostgreSQL and cuts connections: the one with the next commit, or all there are.
type Cutter struct {
	server string
	armed  chan bool // what Cut was given

	mu   sync.Mutex
	open map[net.Conn]bool
}

// Cuttable are the options of a fresh PostgreSQL database behind a Cutter, which ends with the test. Without PostgreSQL the
// test is skipped, and fails where the environment says CI=true.
func Cuttable(t testing.TB) (store.Options, *Cutter) {
	t.Helper()
	options := PostgreSQL(t)
	address, err := url.Parse(options.PostgreSQL)
	if err != nil {
		t.Fatal(err)
	}
	values := address.Query()
	const socket = ".s.PGSQL.5432"
	c := &Cutter{server: filepath.Join(values.Get("host"), socket), armed: make(chan bool, 1), open: map[net.Conn]bool{}}
	folder := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(folder, socket))
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { c.serve(listener) })
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		c.CutAll()
		serving.Wait()
	})
	values.Set("host", folder)
	address.RawQuery = values.Encode()
	options.PostgreSQL = address.String()
	return options, c
}

// Cut cuts the connection that the next commit comes by: before it arrives at the server, or after it was carried out, its
// answer lost.
func (c *Cutter) Cut(after bool) { c.armed <- after }

// CutAll cuts all connections there are, as a server that is restarted does.
func (c *Cutter) CutAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for connection := range c.open {
		_ = connection.Close()
	}
}

func (c *Cutter) serve(listener net.Listener) {
	var relays sync.WaitGroup
	defer relays.Wait()
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		c.mu.Lock()
		c.open[client] = true
		c.mu.Unlock()
		relays.Go(func() { c.relay(client) })
	}
}

func (c *Cutter) relay(client net.Conn) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.open, client)
		_ = client.Close()
	}()
	server, err := net.Dial("unix", c.server)
	if err != nil {
		return
	}
	var answering sync.WaitGroup
	defer answering.Wait()
	defer server.Close()
	var mu sync.Mutex
	lost := false // what the server says from now on
	answered := make(chan struct{})
	answering.Go(func() {
		defer close(answered)
		defer client.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			if err != nil {
				return
			}
			mu.Lock()
			end := lost
			mu.Unlock()
			if end {
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	})
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		cut, after := false, false
		if bytes.Contains(buffer[:n], []byte("commit")) {
			select {
			case after = <-c.armed:
				cut = true
			default:
			}
		}
		if cut && !after {
			return
		}
		mu.Lock()
		lost = cut
		mu.Unlock()
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
		if cut {
			<-answered
			return
		}
	}
}
