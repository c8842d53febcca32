package config

import (
	"bytes"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

// machine is an environment and files.
type machine struct {
	env, files map[string]string
}

func (m machine) input(serving bool, flags map[string][]string) Input {
	return Input{
		Serving: serving, Flags: flags,
		LookupEnv: func(name string) (string, bool) { text, is := m.env[name]; return text, is },
		ReadFile: func(path string) ([]byte, error) {
			if text, is := m.files[path]; is {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		},
		Checks: map[string]func(string) error{OutboundAllow: func(text string) error {
			if text == "bad" {
				return errors.New("it opens nothing")
			}
			return nil
		}},
	}
}

func load(t *testing.T, in Input) *Config {
	t.Helper()
	config, err := Load(in)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func TestLoad_defaults(t *testing.T) {
	t.Parallel()
	got := load(t, machine{}.input(true, nil))
	got.Parsed = Parsed{}
	want := &Config{Data: "data", SQLite: "data/agenda.db", KeyFile: "data/agenda.key", Listen: "127.0.0.1:8080"}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

func TestLoad_flag_over_environment_over_file_over_default(t *testing.T) {
	t.Parallel()
	m := machine{
		env:   map[string]string{EnvFile: "/etc/agenda.conf", "AGENDA_LISTEN": "127.0.0.1:2", "AGENDA_BASE_URL": "https://env.example", "AGENDA_LOG_LEVEL": ""},
		files: map[string]string{"/etc/agenda.conf": "# settings\n\nlisten = 127.0.0.1:1\nbase_url=https://file.example\nlog.format = json\n  log.level =  warn \n"},
	}
	got := load(t, m.input(true, map[string][]string{Listen: {"127.0.0.1:3"}}))
	for name, want := range map[string]Value{
		Listen:    {Texts: []string{"127.0.0.1:3"}, Origin: Origin{FromFlag, "--listen"}},
		BaseURL:   {Texts: []string{"https://env.example"}, Origin: Origin{FromEnvironment, "AGENDA_BASE_URL"}},
		LogFormat: {Texts: []string{"json"}, Origin: Origin{FromFile, "/etc/agenda.conf:5"}},
		LogLevel:  {Texts: []string{"warn"}, Origin: Origin{FromFile, "/etc/agenda.conf:6"}},
		Data:      {Texts: []string{"data"}, Origin: Origin{Kind: FromDefault}},
	} {
		value := got.Parsed.Value(name)
		value.Setting = Setting{}
		if diff := cmp.Diff(want, value); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got.Listen != "127.0.0.1:3" || got.BaseURL != "https://env.example" || !got.LogJSON || got.LogLevel.String() != "WARN" || !got.Secure() {
		t.Errorf("%+v", got)
	}
	other := "/etc/other.conf"
	in := m.input(true, nil)
	in.File = &other
	if _, err := Load(in); err == nil || !strings.Contains(err.Error(), "--config") {
		t.Errorf("--config does not count more than the environment: %v", err)
	}
}

func TestLoad_lists_and_paths_of_a_file(t *testing.T) {
	t.Parallel()
	m := machine{
		env: map[string]string{EnvFile: "/etc/agenda/agenda.conf", "AGENDA_TRUSTED_PROXIES": "10.0.0.1, fd00::/8"},
		files: map[string]string{
			"/etc/agenda/agenda.conf": "data = ../../srv/agenda\nkey_file = /secure/agenda.key\noutbound.allow = 10.0.0.0/8, nas.local:5001\noutbound.allow = 192.168.1.2\ndatabase.file = db.url\n",
			"/etc/agenda/db.url":      "postgres://agenda:secret@db/agenda\n",
		},
	}
	got := load(t, m.input(true, nil))
	if got.Data != "/srv/agenda" || got.KeyFile != "/secure/agenda.key" || got.SQLite != "" || got.PostgreSQL != "postgres://agenda:secret@db/agenda" ||
		!slices.Equal(got.OutboundAllow, []string{"10.0.0.0/8", "nas.local:5001", "192.168.1.2"}) ||
		!slices.Equal(got.Proxies, []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32"), netip.MustParsePrefix("fd00::/8")}) {
		t.Errorf("%+v", got)
	}
}

// Everything that is wrong is said at once, each with where it came from, and no secret.
func TestLoad_problems(t *testing.T) {
	t.Parallel()
	m := machine{
		env: map[string]string{
			EnvFile: "a.conf", "AGENDA_DATABASE": "mysql://root:hush@db/x", "AGENDA_LOG_LEVEL": "loud", "AGENDA_TRUSTED_PROXIES": "proxy.local 10.0.0.0/33",
			"AGENDA_KEY": "identity hush;", "AGENDA_KEY_FILE": "k",
		},
		files: map[string]string{"a.conf": "listn = :80\nlisten\nlisten = 1\nlisten = 2\ntls.cert = c.pem\noutbound.allow = bad, 10.0.0.0/8\nbase_url = http://user@crm.example\nkey.file = hush\ndatabase.file = gone\n"},
	}
	_, err := Load(m.input(true, map[string][]string{LogFormat: {"xml"}, Data: {""}}))
	problems, isProblems := errors.AsType[Problems](err)
	if !isProblems {
		t.Fatalf("got %v", err)
	}
	var got []string
	for _, problem := range problems {
		got = append(got, problem.Origin.At+" "+problem.Setting)
	}
	slices.Sort(got)
	want := []string{
		"a.conf:1 ", "a.conf:2 ", "a.conf:4 listen", "a.conf:8 ", "a.conf:9 database", "a.conf:3 listen", "a.conf:5 tls.cert", "a.conf:6 outbound.allow", "a.conf:7 base_url",
		"--data data", "--log-format log.format", "AGENDA_DATABASE database", "AGENDA_KEY key", "AGENDA_LOG_LEVEL log.level",
		"AGENDA_TRUSTED_PROXIES trusted_proxies", "AGENDA_TRUSTED_PROXIES trusted_proxies",
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if text := err.Error(); strings.Contains(text, "hush") && !strings.Contains(text, "a.conf:8") || strings.Contains(text, "root") || !strings.HasPrefix(text, "16 settings are wrong:\n  ") {
		t.Error(text)
	}
}

func TestLoad_each_value_that_makes_no_sense(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string][]string{
		Listen:    {"8080", "localhost", "host:http:1", ":99999", "a/b:80", "[::1", "-"},
		BaseURL:   {"crm.example.com", "ftp://crm.example", "https://", "https://crm.example/sub", "https://crm.example?x", "https://u:p@crm.example", "https://crm.example#x"},
		Database:  {"agenda", "mysql://x/y", "postgres://", "file:agenda.db"},
		LogLevel:  {"INFO", "trace"},
		LogFormat: {"JSON"},
		Proxies:   {"proxy", "10.0.0.0/33", "10.0.0.1:80", "fe80::1%eth0"},
		TLSCert:   {"c.pem"},
		TLSKey:    {"k.pem"},
		ACMEHost:  {"localhost", "10.0.0.1", "https://crm.example.com", "crm.example.com:443", "*.example.com"}, ACMEDirectory: {"https://ca.example.com/acme"},
	} {
		for _, text := range wrong {
			if _, err := Load(machine{}.input(true, map[string][]string{name: {text}})); err == nil {
				t.Errorf("%s: %q is taken", name, text)
			}
		}
	}
	for name, right := range map[string][]string{
		ACMEHost: {"crm.example.com"},
		Listen:   {":0", "[::1]:443", "crm.local:8080", "0.0.0.0:80"}, BaseURL: {"https://crm.example/", "http://10.0.0.1:8080"},
		Database: {"postgres://agenda@/agenda?host=/run/postgresql", "host=/run/postgresql dbname=agenda", "postgresql://h/d"},
	} {
		for _, text := range right {
			if _, err := Load(machine{}.input(true, map[string][]string{name: {text}})); err != nil {
				t.Errorf("%s: %q is refused: %v", name, text, err)
			}
		}
	}
}

func TestLoad_a_certificate_comes_from_one_place(t *testing.T) {
	t.Parallel()
	given := map[string][]string{ACMEHost: {"crm.example.com", "www.example.com"}, ACMEDirectory: {"https://ca.example.com/acme"}}
	config := load(t, machine{}.input(true, given))
	if !config.Secure() || len(config.ACMEHosts) != 2 || config.ACMEFrom != "https://ca.example.com/acme" {
		t.Errorf("%+v", config)
	}
	given[TLSCert], given[TLSKey] = []string{"c.pem"}, []string{"k.pem"}
	if _, err := Load(machine{}.input(true, given)); err == nil || !strings.Contains(err.Error(), TLSCert) {
		t.Errorf("files and ACME at once: got %v, want a refusal", err)
	}
}

// A wrong address to listen on stands in the way of no other command.
func TestLoad_other_commands_do_not_judge_what_serve_has(t *testing.T) {
	t.Parallel()
	load(t, machine{env: map[string]string{"AGENDA_LISTEN": "nowhere", "AGENDA_LOG_LEVEL": "loud"}}.input(false, nil))
}

func TestLoad_a_secret_from_a_file_of_its_own(t *testing.T) {
	t.Parallel()
	files := map[string]string{"/run/secrets/db": "postgres://a:b@c/d\n"}
	got := load(t, machine{env: map[string]string{"AGENDA_DATABASE_FILE": "/run/secrets/db"}, files: files}.input(false, nil))
	if got.PostgreSQL != "postgres://a:b@c/d" || got.Parsed.Value(Database).Origin.At != "AGENDA_DATABASE_FILE" {
		t.Errorf("%+v", got)
	}
	for _, env := range []map[string]string{
		{"AGENDA_DATABASE_FILE": "/gone"}, {"AGENDA_DATABASE_FILE": "/run/secrets/db", "AGENDA_DATABASE": "postgres://x/y"},
	} {
		if _, err := Load(machine{env: env, files: files}.input(false, nil)); err == nil || !strings.Contains(err.Error(), "AGENDA_DATABASE_FILE") {
			t.Errorf("%v: %v", env, err)
		}
	}
	key := load(t, machine{env: map[string]string{"AGENDA_KEY": "identity x;key y z;"}}.input(false, nil))
	if key.Key == "" || key.KeyFile != "" {
		t.Errorf("%+v", key)
	}
}

func TestShow_masks_secrets(t *testing.T) {
	t.Parallel()
	for database, want := range map[string]string{
		"postgres://agenda:hush@db:5432/agenda?sslmode=require": "postgres://agenda:****@db:5432/agenda?sslmode=require",
		"postgres://agenda@db/agenda":                           "postgres://agenda@db/agenda",
		"postgres://db/agenda?user=a&password=hush":             "postgres://db/agenda?****",
		"host=db password=hush user=a":                          "host=db password=**** user=a",
		"host=db PASSWORD = 'hu sh\\' hush' user=a":             "host=db PASSWORD=**** user=a",
	} {
		config := load(t, machine{env: map[string]string{"AGENDA_KEY": "identity hush;"}}.input(true, map[string][]string{Database: {database}}))
		var text, asJSON bytes.Buffer
		if err := errors.Join(config.Print(&text), config.PrintJSON(&asJSON)); err != nil {
			t.Fatal(err)
		}
		for _, printed := range []string{text.String(), asJSON.String()} {
			if !strings.Contains(printed, want) || strings.Contains(printed, "hush") {
				t.Errorf("%s: %s", database, printed)
			}
		}
	}
}

func TestShow_says_where_each_comes_from(t *testing.T) {
	t.Parallel()
	config := load(t, machine{env: map[string]string{"AGENDA_DATA": "/srv"}}.input(true, map[string][]string{Listen: {":1"}}))
	var text bytes.Buffer
	if err := config.Print(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"data", "listen"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %s in\n%s", want, text.String())
		}
	}
	var lines []string
	for line := range strings.Lines(text.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	for _, want := range []string{"data /srv AGENDA_DATA --data AGENDA_DATA", "listen :1 --listen --listen AGENDA_LISTEN", "key_file /srv/agenda.key default --key-file AGENDA_KEY_FILE", "key - default - AGENDA_KEY"} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in\n%s", want, strings.Join(lines, "\n"))
		}
	}
}

// The flags for kong are those of the settings, say their variable, and are told apart from what was not given.
func TestFlags_are_those_of_the_settings(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, group := range []reflect.Type{reflect.TypeFor[Flags](), reflect.TypeFor[ServeFlags]()} {
		for field := range group.Fields() {
			name := field.Tag.Get("setting")
			if name == "" {
				continue
			}
			setting, known := settingOf(name)
			seen[name] = true
			if !known || setting.Flag != field.Tag.Get("name") || !strings.Contains(field.Tag.Get("help"), "("+setting.Env+")") ||
				setting.Serve != (group == reflect.TypeFor[ServeFlags]()) || setting.List != (field.Type.Kind() == reflect.Slice) || setting.Path != (field.Tag.Get("type") == "path") {
				t.Errorf("%s: %v and %+v", name, field.Tag, setting)
			}
		}
	}
	for _, setting := range Settings {
		if seen[setting.Name] != (setting.Flag != "") {
			t.Errorf("%s has a flag here only, or there only", setting.Name)
		}
	}

	var cli struct {
		Flags
		ServeFlags
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"--listen", ":1", "--trusted-proxy", "10.0.0.1,10.0.0.2", "--trusted-proxy=::1", "--base-url="}); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{Listen: {":1"}, Proxies: {"10.0.0.1", "10.0.0.2", "::1"}, BaseURL: {""}}
	if diff := cmp.Diff(want, Given(cli.Flags, cli.ServeFlags)); diff != "" {
		t.Error(diff)
	}
}

// docs/administrators/settings.md has a row for each setting, with the words of the program.
func TestSettings_are_those_of_the_document(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/administrators/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	code := func(text string) string {
		if text == "" {
			return ""
		}
		return " `" + text + "`"
	}
	var want, got []string
	for _, setting := range Settings {
		flag := setting.Flag
		if flag != "" {
			flag = "--" + flag
		}
		want = append(want, "|"+code(setting.Name)+" |"+code(flag)+" |"+code(setting.Env)+" |"+code(setting.Default)+" | "+setting.Help+" |")
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
