package main

import (
	"bytes"
	"testing"

	"agendaonline/interop/servers"
)

func environmentOf(out, talk *bytes.Buffer, variables map[string]string) environment {
	return environment{out, talk, &bytes.Buffer{}, func(name string) string { return variables[name] }}
}

func TestDemo_the_tour_passes_on_real_servers(t *testing.T) {
	t.Parallel()
	for _, name := range servers.Syncing {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			server := servers.Start(t, name)
			var out, talk bytes.Buffer
			env := environmentOf(&out, &talk, map[string]string{"AGENDA_PASSWORD": server.Password})
			code := run(t.Context(), []string{"demo", "--check", "--within", testWithin.String(), "--calendar", server.Calendar, "--username", server.Username}, env)
			t.Logf("%s%s", out.String(), talk.String())
			if code != 0 {
				t.Errorf("got exit code %d, want 0", code)
			}
			if bytes.Contains(talk.Bytes(), []byte(server.Password)) || bytes.Contains(out.Bytes(), []byte(server.Password)) {
				t.Error("the password was printed")
			}
		})
	}
}

func TestCheck_ends_with_the_exit_code_of_its_verdict(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		name     servers.Name
		password string
		code     int
		says     string
	}{
		{servers.Radicale, "secret", 0, "Works."},
		{servers.Radicale, "wrong", 1, "Does not work:"},
		{servers.SabreDAV, "secret", 2, "Works with a limit:"},
	} {
		t.Run(string(one.name)+"_"+one.password, func(t *testing.T) {
			t.Parallel()
			server := servers.Start(t, one.name)
			var out, talk bytes.Buffer
			env := environmentOf(&out, &talk, map[string]string{"AGENDA_PASSWORD": one.password})
			code := run(t.Context(), []string{"check", server.Calendar, "--username", server.Username, "--plain-http", "--write"}, env)
			t.Logf("%s%s", out.String(), talk.String())
			if code != one.code || !bytes.Contains(out.Bytes(), []byte(one.says)) {
				t.Errorf("got exit code %d, want %d and %q", code, one.code, one.says)
			}
		})
	}
}
