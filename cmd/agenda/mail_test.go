package main

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/mail"
	"agendaonline/internal/service"
)

// A grant that is revoked: the program itself notices, waits, and writes to the link's user and the administrator.
func TestMail_a_revoked_grant_is_told_by_the_running_program(t *testing.T) {
	w := newGrantWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	defer listener.Close()
	told := make(chan string, 10)
	go func() { // ends with the listener
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			takeMail(connection, told)
		}
	}()
	for _, user := range []crm.User{w.admin.User, w.luc.User} {
		in := service.UserInputOf(user)
		in.Email = user.Login + "@example.com"
		_, err := w.p.service.ChangeUser(t.Context(), w.admin, user.ID, user.Version, in)
		w.must(err)
	}
	link := w.oauthLink()
	w.accounts.RevokeAll("luc")
	w.accounts.ExpireAccess()
	if view := w.sync(link.ID); !view.SignInAgain {
		t.Fatalf("revoked: %v", view.States)
	}
	node := w.open()
	node.Mail = mail.Server{Address: listener.Addr().String(), TLS: mail.NoTLS, From: "agenda@example.com"}
	start(t, node)
	got := map[string]bool{}
	for len(got) < 2 {
		select {
		case to := <-told:
			got[to] = true
		case <-time.After(time.Minute):
			t.Fatalf("only %v were told", got)
		}
	}
	if !got["admin@example.com"] || !got["luc@example.com"] {
		t.Errorf("told %v", got)
	}
}

// takeMail takes one mail and says whom it is for.
func takeMail(connection net.Conn, told chan<- string) {
	defer connection.Close()
	fmt.Fprint(connection, "220 post\r\n")
	lines, data := bufio.NewScanner(connection), false
	for lines.Scan() {
		switch line := lines.Text(); {
		case data && line == ".":
			data = false
			fmt.Fprint(connection, "250 taken\r\n")
		case data:
		case strings.HasPrefix(line, "RCPT TO:"):
			told <- strings.Trim(strings.TrimPrefix(line, "RCPT TO:"), "<>")
			fmt.Fprint(connection, "250 fine\r\n")
		case line == "DATA":
			data = true
			fmt.Fprint(connection, "354 go on\r\n")
		default:
			fmt.Fprint(connection, "250 fine\r\n")
		}
	}
}
