package outbound

import (
	"net"
	"sync"
)

// clientFirst is a connection that is read only once something was written to it, as HTTP and TLS have it. A server that
// speaks by itself (SSH, SMTP, FTP) is then heard as the answer to the request, which names it as something else than HTTP;
// otherwise net/http now and then hears it before, and only says that an idle connection ended.
type clientFirst struct {
	net.Conn
	once   sync.Once
	spoken chan struct{} // closed by the first Write, or by Close
}

func newClientFirst(connection net.Conn) *clientFirst {
	return &clientFirst{Conn: connection, spoken: make(chan struct{})}
}

func (c *clientFirst) speak() { c.once.Do(func() { close(c.spoken) }) }

func (c *clientFirst) Read(p []byte) (int, error) {
	<-c.spoken
	return c.Conn.Read(p)
}

func (c *clientFirst) Write(p []byte) (int, error) {
	defer c.speak()
	return c.Conn.Write(p)
}

func (c *clientFirst) Close() error {
	defer c.speak()
	return c.Conn.Close()
}
