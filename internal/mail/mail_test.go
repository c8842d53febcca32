package mail

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

const canary = "canary-of-smtp-41c9"

// post is a mail server on loopback that keeps what it takes.
type post struct {
	t         *testing.T
	listener  net.Listener
	tls       *tls.Config // nil: it offers none
	implicit  bool
	wg        sync.WaitGroup
	mu        sync.Mutex
	taken     []taken
	refuse    string // the reply to RCPT, "" to take it
	passwords []string
}

type taken struct{ to, text string }

func newPost(t *testing.T, implicit bool, secure *tls.Config) *post {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &post{t: t, listener: listener, tls: secure, implicit: implicit}
	p.wg.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.serve(connection) })
		}
	})
	t.Cleanup(func() { listener.Close(); p.wg.Wait() })
	return p
}

func (p *post) serve(connection net.Conn) {
	defer func() { connection.Close() }()
	if p.implicit {
		connection = tls.Server(connection, p.tls)
	}
	lines := bufio.NewReader(connection)
	say := func(text string) { fmt.Fprintf(connection, "%s\r\n", text) }
	say("220 post")
	var to string
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			if p.tls != nil && !p.implicit {
				say("250-post\r\n250-STARTTLS\r\n250 AUTH PLAIN")
			} else {
				say("250-post\r\n250 AUTH PLAIN")
			}
		case "STARTTLS":
			if p.tls == nil {
				say("502 not here")
				continue
			}
			say("220 go")
			secure := tls.Server(connection, p.tls)
			connection, lines = secure, bufio.NewReader(secure)
		case "AUTH":
			p.mu.Lock()
			p.passwords = append(p.passwords, rest)
			p.mu.Unlock()
			say("235 welcome")
		case "RCPT":
			p.mu.Lock()
			refuse := p.refuse
			p.mu.Unlock()
			if refuse != "" {
				say(refuse)
				continue
			}
			to = strings.Trim(strings.TrimPrefix(rest, "TO:"), "<>")
			say("250 fine")
		case "DATA":
			say("354 go on")
			var text strings.Builder
			for {
				line, err := lines.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				text.WriteString(strings.TrimPrefix(line, "."))
			}
			p.mu.Lock()
			p.taken = append(p.taken, taken{to, text.String()})
			p.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

func (p *post) set(refuse string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

// all is what was taken since the last time, by recipient.
func (p *post) all() []taken {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.taken
	p.taken = nil
	slices.SortFunc(all, func(a, b taken) int { return strings.Compare(a.to, b.to) })
	return all
}

func (p *post) recipients() string {
	var to []string
	for _, one := range p.all() {
		to = append(to, one.to)
	}
	return strings.Join(to, " ")
}

// lockedText is what several loggers write, each by itself.
type lockedText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedText) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// office is an installation with a link of Luc, who reads French, and two administrators, of whom one has an address.
type office struct {
	t     *testing.T
	store *store.Store
	link  crm.Link
	mu    sync.Mutex
	ahead time.Duration
	log   lockedText // of several mailers
}

func (o *office) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC).Add(o.ahead)
}

func (o *office) pass(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ahead += d
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func newOffice(t *testing.T, fresh store.Options) *office {
	o := &office{t: t}
	fresh.Now = o.now
	o.store = storetest.Open(t, fresh)
	user := func(n byte, name, email string, language crm.Language, role crm.Role) crm.User {
		return crm.User{ID: crm.UserID{n}, Version: 1, Login: strings.ToLower(name), Name: name, Email: email, Language: language, TimeZone: "UTC", Role: role, Active: true, CreatedAt: o.now()}
	}
	luc := user(1, "Luc Élan", "luc@example.com", crm.French, crm.RoleUser)
	o.link = crm.Link{ID: crm.LinkID{9}, Version: 1, User: luc.ID, Kind: crm.LinkSimple, Address: "https://dav.example.com/", CalendarHref: "https://dav.example.com/luc/secret-name/", CreatedAt: o.now()}
	o.must(o.store.Write(t.Context(), func(tx *store.Tx) error {
		return errors.Join(tx.InsertUser(luc, ""), tx.InsertUser(user(2, "An", "an@example.com", crm.Dutch, crm.RoleAdministrator), ""),
			tx.InsertUser(user(3, "Tom", "", crm.English, crm.RoleAdministrator), ""), tx.InsertUser(user(4, "Eve", "eve@example.com", crm.English, crm.RoleUser), ""),
			tx.InsertLink(o.link, []byte("sealed"), store.LinkSync{}))
	}))
	return o
}

func (o *office) waits(waits bool) {
	o.t.Helper()
	o.must(o.store.Write(o.t.Context(), func(tx *store.Tx) error {
		sync, err := tx.LinkSync(o.link.ID)
		sync.SignInAgain = waits
		return errors.Join(err, tx.UpdateLinkSync(o.link.ID, sync))
	}))
}

func (o *office) mailer(server Server) *Mailer {
	server.From = "Agenda Online <agenda@example.com>"
	return New(Config{
		Store: o.store, Server: server, BaseURL: "https://crm.example", IDs: crm.IDSource{Now: o.now, Random: rand.Reader}, Now: o.now,
		Log: slog.New(slog.NewTextHandler(&o.log, nil)),
	})
}

func TestMail_one_each_when_a_link_begins_to_wait_and_not_again_before_the_next_time(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, fresh store.Options) {
		o, p := newOffice(t, fresh), newPost(t, false, nil)
		m := o.mailer(Server{Address: p.listener.Addr().String(), TLS: NoTLS})
		look := func(want string) {
			t.Helper()
			for range 3 { // at each poll
				o.must(m.Look(t.Context()))
				o.pass(time.Hour)
			}
			if got := p.recipients(); got != want {
				t.Errorf("got mails to %q, want %q", got, want)
			}
		}
		look("")
		o.waits(true)
		look("an@example.com luc@example.com")
		m = o.mailer(Server{Address: p.listener.Addr().String(), TLS: NoTLS}) // started again
		look("")
		o.waits(false)
		look("")
		o.waits(true)
		look("an@example.com luc@example.com")
	})
}

func TestMail_says_what_to_do_in_the_readers_language_and_nothing_of_the_calendar(t *testing.T) {
	t.Parallel()
	o, p := newOffice(t, storetest.SQLite(t)), newPost(t, false, nil)
	o.waits(true)
	o.must(o.mailer(Server{Address: p.listener.Addr().String(), TLS: NoTLS}).Look(t.Context()))
	mails := p.all()
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	for i, want := range []struct{ subject, text string }{
		{"De agenda van Luc Élan wacht op een nieuwe aanmelding", "De online agenda van Luc Élan bij dav.example.com"},
		{"L’agenda de Luc Élan attend une nouvelle connexion", "Votre agenda en ligne chez dav.example.com"},
	} {
		message, err := netmail.ReadMessage(strings.NewReader(mails[i].text))
		o.must(err)
		subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
		o.must(err)
		text, err := io.ReadAll(quotedprintable.NewReader(message.Body))
		o.must(err)
		if subject != want.subject || !strings.Contains(string(text), want.text) || !strings.Contains(string(text), "https://crm.example/links/"+o.link.ID.String()) {
			t.Errorf("got %q\n%s", subject, text)
		}
		if strings.Contains(mails[i].text, "secret-name") || message.Header.Get("Auto-Submitted") != "auto-generated" || !strings.HasSuffix(message.Header.Get("Message-ID"), "@example.com>") {
			t.Errorf("got %s", mails[i].text)
		}
	}
}

func TestMail_of_several_nodes_one_sends(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, fresh store.Options) {
		o, p := newOffice(t, fresh), newPost(t, false, nil)
		o.waits(true)
		failed := make(chan error)
		for range 4 {
			go func() {
				failed <- o.mailer(Server{Address: p.listener.Addr().String(), TLS: NoTLS}).Look(context.Background())
			}()
		}
		for range 4 {
			o.must(<-failed)
		}
		if got := p.recipients(); got != "an@example.com luc@example.com" {
			t.Errorf("got mails to %q", got)
		}
	})
}

func TestMail_that_fails_is_told_and_tried_again_later_each_time(t *testing.T) {
	t.Parallel()
	o, p := newOffice(t, storetest.SQLite(t)), newPost(t, false, nil)
	m := o.mailer(Server{Address: p.listener.Addr().String(), TLS: NoTLS})
	trouble := func() string {
		var count int
		var why string
		o.must(o.store.Read(t.Context(), func(tx *store.Tx) (err error) { count, why, err = tx.MailTrouble(); return err }))
		return fmt.Sprint(count, " ", why)
	}
	p.set("550 5.1.1 we know nobody here")
	o.waits(true)
	o.must(m.Look(t.Context()))
	if got := trouble(); got != "2 "+CodeRefused {
		t.Errorf("got %q", got)
	}
	p.set("")
	o.must(m.Look(t.Context()))
	if got := p.recipients(); got != "" {
		t.Errorf("tried again at once: %q", got)
	}
	o.pass(firstWait)
	o.must(m.Look(t.Context()))
	if got, then := p.recipients(), trouble(); got != "an@example.com luc@example.com" || then != "0 " {
		t.Errorf("got mails to %q, trouble %q", got, then)
	}
	if text := o.log.String(); !strings.Contains(text, "reply 550") || strings.Contains(text, "nobody here") || strings.Contains(text, "@example.com") {
		t.Errorf("logged %s", text)
	}
	o.waits(false)
	o.must(m.Look(t.Context()))
	p.listener.Close()
	o.waits(true)
	o.must(m.Look(t.Context()))
	if got := trouble(); got != "2 "+CodeUnreachable {
		t.Errorf("with the server away got %q", got)
	}
}

func TestMail_by_tls_with_a_password_that_goes_nowhere_else(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	own, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(own)
	secure := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	message := Message{ID: "1", To: "luc@example.com", Subject: "x", Text: "y"}
	for _, c := range []struct {
		way      TLS
		offers   *tls.Config
		implicit bool
		roots    *x509.CertPool
		code     string
	}{
		{StartTLS, secure, false, roots, ""},
		{Implicit, secure, true, roots, ""},
		{StartTLS, nil, false, roots, CodeTLS}, // not offered: nothing goes in clear
		{StartTLS, secure, false, x509.NewCertPool(), CodeTLS},
		{Implicit, secure, true, x509.NewCertPool(), CodeTLS},
	} {
		p := newPost(t, c.implicit, c.offers)
		server := Server{Address: p.listener.Addr().String(), TLS: c.way, User: "agenda", Password: canary, From: "agenda@example.com", Roots: c.roots}
		err := server.Send(t.Context(), message)
		failed, _ := errors.AsType[*Failure](err)
		if (c.code == "") != (err == nil) || failed != nil && failed.Code != c.code {
			t.Errorf("%s: got %v, want %q", c.way, err, c.code)
		}
		p.mu.Lock()
		if signedIn := len(p.passwords) > 0; signedIn != (c.code == "") {
			t.Errorf("%s: a password was sent: %t", c.way, signedIn)
		}
		p.mu.Unlock()
		if text := fmt.Sprintf("%v %+v %#v", err, server, server); strings.Contains(text, canary) {
			t.Errorf("printed: %s", text)
		}
	}
}

func TestMessage_no_header_is_added_by_what_somebody_typed(t *testing.T) {
	t.Parallel()
	from := &netmail.Address{Name: "A", Address: "a@example.com"}
	to, err := netmail.ParseAddress("luc@example.com")
	if err != nil {
		t.Fatal(err)
	}
	text := string(Message{ID: "1", Subject: "x\r\nBcc: all@example.com", Text: "y\r\n.\r\nz"}.bytes(from, to))
	read, err := netmail.ReadMessage(strings.NewReader(text))
	if err != nil || read.Header.Get("Bcc") != "" {
		t.Errorf("%v: %s", err, text)
	}
	server := Server{Address: "127.0.0.1:1", From: "a@example.com"}
	failed, _ := errors.AsType[*Failure](server.Send(t.Context(), Message{To: "luc@example.com\r\nRCPT TO:<all@example.com>"}))
	if failed == nil || failed.Code != CodeRefused {
		t.Errorf("got %v", failed)
	}
}
