package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/smtp"
	"net/textproto"
	"time"
)

// TLS is how the connection to the mail server is made safe.
type TLS string

// The ways.
const (
	StartTLS TLS = "starttls" // begun in clear, and given up where the server does not offer it
	Implicit TLS = "tls"      // from the first byte, usually port 465
	NoTLS    TLS = "none"     // a server on this machine or a network that is trusted
)

// Server is the mail server that everything goes through.
type Server struct {
	Address        string // host:port
	TLS            TLS
	User, Password string // "": nobody signs in
	From           string // an address, with or without a name
	Roots          *x509.CertPool
	Dial           func(ctx context.Context, network, address string) (net.Conn, error) // nil: net.Dialer's
}

// String hides the password.
func (s Server) String() string { return "mail server " + s.Address }

// GoString hides it from %#v.
func (s Server) GoString() string { return s.String() }

// The keys of the sentences about a mail that could not be sent.
const (
	CodeUnreachable = "mail.unreachable"
	CodeTLS         = "mail.tls"
	CodeSignIn      = "mail.sign_in"
	CodeRefused     = "mail.refused"
)

// Failure is a mail that was not sent. Its text holds no credentials, and of what the server said the number only.
type Failure struct {
	Code   string // the key of its sentence
	Status int    // of the server's reply, 0 when none came
	Err    error
}

func (f *Failure) Error() string {
	text := "send mail: " + f.Code
	if f.Status != 0 {
		return text + fmt.Sprintf(", reply %d", f.Status)
	}
	if f.Err != nil {
		text += ": " + f.Err.Error()
	}
	return text
}

func (f *Failure) Unwrap() error { return f.Err }

func failure(code string, err error) error {
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		return &Failure{Code: code, Status: said.Code}
	}
	return &Failure{Code: code, Err: err}
}

const sendTimeout = time.Minute

// Message is one mail in plain text.
type Message struct {
	ID            string // of the Message-ID: the same each time it is tried
	To            string
	Subject, Text string
	At            time.Time
}

// bytes is the message as it travels. What people typed cannot end a header line: addresses are parsed, the subject is encoded.
func (m Message) bytes(from, to *netmail.Address) []byte {
	var text bytes.Buffer
	domain := from.Address[bytes.LastIndexByte([]byte(from.Address), '@')+1:]
	fmt.Fprintf(&text, "From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\n", from, to, mime.QEncoding.Encode("utf-8", m.Subject), m.At.Format(time.RFC1123Z), m.ID, domain)
	text.WriteString("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	body := quotedprintable.NewWriter(&text)
	_, _ = body.Write([]byte(m.Text)) // a buffer takes everything
	_ = body.Close()
	return text.Bytes()
}

// Send sends one message. The error is a *Failure.
func (s Server) Send(ctx context.Context, message Message) error {
	from, err := netmail.ParseAddress(s.From)
	if err != nil {
		return failure(CodeRefused, errors.New("the sender is no address"))
	}
	to, err := netmail.ParseAddress(message.To)
	if err != nil {
		return failure(CodeRefused, errors.New("the recipient is no address"))
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	client, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	if s.User != "" {
		host, _, _ := net.SplitHostPort(s.Address)
		if err := client.Auth(smtp.PlainAuth("", s.User, s.Password, host)); err != nil {
			return failure(CodeSignIn, err)
		}
	}
	if err := client.Mail(from.Address); err != nil {
		return failure(CodeRefused, err)
	}
	if err := client.Rcpt(to.Address); err != nil {
		return failure(CodeRefused, err)
	}
	body, err := client.Data()
	if err != nil {
		return failure(CodeRefused, err)
	}
	if _, err := body.Write(message.bytes(from, to)); err != nil {
		return failure(CodeUnreachable, err)
	}
	if err := body.Close(); err != nil {
		return failure(CodeRefused, err)
	}
	_ = client.Quit() // it was taken: what comes after that changes nothing
	return nil
}

// connect greets the server, safely where that is wanted. Everything until the end obeys ctx's deadline.
func (s Server) connect(ctx context.Context) (*smtp.Client, error) {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, failure(CodeUnreachable, err)
	}
	dial := s.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	connection, err := dial(ctx, "tcp", s.Address)
	if err != nil {
		return nil, failure(CodeUnreachable, err)
	}
	give := func(code string, err error) (*smtp.Client, error) {
		_ = connection.Close()
		return nil, failure(code, err)
	}
	deadline, _ := ctx.Deadline()
	if err := connection.SetDeadline(deadline); err != nil {
		return give(CodeUnreachable, err)
	}
	config := &tls.Config{ServerName: host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	if s.TLS == Implicit {
		secure := tls.Client(connection, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return give(CodeTLS, err)
		}
		connection = secure
	}
	client, err := smtp.NewClient(connection, host)
	if err != nil {
		return give(CodeUnreachable, err)
	}
	if s.TLS == StartTLS {
		if err := client.StartTLS(config); err != nil {
			return give(CodeTLS, err)
		}
	}
	return client, nil
}
