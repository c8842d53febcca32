package config

import (
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Config is what is in force, typed and checked.
type Config struct {
	Parsed Parsed // what it was made of

	Data       string // folder of the installation
	SQLite     string // the database file; "" with PostgreSQL
	PostgreSQL string // the URL of the database, with its password; "" with SQLite
	KeyFile    string // "" where Key is given
	Key        string // the text of a key file

	OutboundAllow []string

	// What follows is filled in for "agenda serve" only.

	Listen      string // host:port
	Mail        Mail
	BaseURL     string // without a slash at its end; "" for wherever people come to
	TLSCert     string
	TLSKey      string
	ACMEHosts   []string
	ACMEFrom    string // directory of the authority; "": Let's Encrypt
	Proxies     []netip.Prefix
	MetricsFrom []netip.Prefix
	LogJSON     bool
	LogLevel    slog.Level
}

// Secure reports whether people come by https only, to this program or to the proxy before it.
func (c *Config) Secure() bool { return c.TLS() || strings.HasPrefix(c.BaseURL, "https:") }

// TLS reports whether people come by https to this program itself.
func (c *Config) TLS() bool { return c.TLSCert != "" || len(c.ACMEHosts) > 0 }

// The files of an installation in its folder.
const (
	databaseName = "agenda.db"
	keyName      = "agenda.key"
)

// Load finds out what is in force. The error is Problems: everything that is wrong, each with where it came from. What was
// given is in Config.Parsed even then.
func Load(in Input) (*Config, error) {
	var problems Problems
	parsed := parse(in, &problems)
	config := resolve(parsed, &problems)
	if in.Serving {
		resolveServing(config, &problems)
	}
	for _, value := range parsed.Values {
		check := in.Checks[value.Setting.Name]
		if check == nil || value.Setting.Serve && !in.Serving {
			continue
		}
		for _, text := range value.Texts {
			if err := check(text); err != nil {
				problems.add(value, "%v", err)
			}
		}
	}
	if len(problems) > 0 {
		return config, problems
	}
	return config, nil
}

// resolve gives the texts their types.
func resolve(parsed Parsed, problems *Problems) *Config {
	text := func(name string) string { return parsed.Value(name).text() }
	config := &Config{
		Parsed: parsed, Data: text(Data), PostgreSQL: text(Database), KeyFile: text(KeyFile), Key: text(Key),
		OutboundAllow: slices.Clone(parsed.Value(OutboundAllow).Texts),
	}
	if config.Data == "" {
		problems.add(parsed.Value(Data), "it is empty")
	}
	switch {
	case config.PostgreSQL == "":
		config.SQLite = filepath.Join(config.Data, databaseName)
	case !databaseURL(config.PostgreSQL):
		problems.add(parsed.Value(Database), "it is no address such as postgres://user@host/name; without it the database is SQLite in the folder")
	}
	switch {
	case config.Key != "" && config.KeyFile != "":
		problems.add(parsed.Value(Key), "%s is given too, at %s: give one of them", KeyFile, parsed.Value(KeyFile).Origin.At)
	case config.Key == "" && config.KeyFile == "":
		config.KeyFile = filepath.Join(config.Data, keyName)
	}
	return config
}

func resolveServing(config *Config, problems *Problems) {
	parsed := config.Parsed
	text := func(name string) string { return parsed.Value(name).text() }
	config.Listen, config.BaseURL, config.TLSCert, config.TLSKey = text(Listen), strings.TrimRight(text(BaseURL), "/"), text(TLSCert), text(TLSKey)
	config.ACMEHosts, config.ACMEFrom = slices.Clone(parsed.Value(ACMEHost).Texts), text(ACMEDirectory)
	config.Proxies, config.MetricsFrom = networks(parsed.Value(Proxies), problems), networks(parsed.Value(MetricsFrom), problems)
	if host, port, err := net.SplitHostPort(config.Listen); err != nil || !goodPort(port) || strings.ContainsAny(host, "/@ ") {
		problems.add(parsed.Value(Listen), "%q is no address and port such as 127.0.0.1:8080", config.Listen)
	}
	if config.BaseURL != "" {
		base, err := url.Parse(config.BaseURL)
		if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.Path != "" || base.RawQuery != "" || base.Fragment != "" || base.User != nil {
			problems.add(parsed.Value(BaseURL), "it is no address such as https://crm.example.com")
		} else if base.Scheme == "http" && config.TLS() {
			problems.add(parsed.Value(BaseURL), "it begins with http, and there is a certificate: people come by https then")
		}
	}
	switch {
	case config.TLSCert != "" && config.TLSKey == "":
		problems.add(parsed.Value(TLSCert), "%s is missing: give both or none", TLSKey)
	case config.TLSCert == "" && config.TLSKey != "":
		problems.add(parsed.Value(TLSKey), "%s is missing: give both or none", TLSCert)
	}
	for _, host := range config.ACMEHosts {
		if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") || strings.ContainsAny(host, ":/*@ ") {
			problems.add(parsed.Value(ACMEHost), "%q is no host name such as crm.example.com", host)
		}
	}
	if len(config.ACMEHosts) > 0 && config.TLSCert != "" {
		problems.add(parsed.Value(ACMEHost), "%s is given too: the certificate comes from one of them", TLSCert)
	}
	if config.ACMEFrom != "" {
		if address, err := url.Parse(config.ACMEFrom); err != nil || address.Scheme != "https" || address.Host == "" {
			problems.add(parsed.Value(ACMEDirectory), "it is no address that begins with https")
		} else if len(config.ACMEHosts) == 0 {
			problems.add(parsed.Value(ACMEDirectory), "%s is missing: it names what certificates are for", ACMEHost)
		}
	}
	resolveMail(config, problems)
	switch format := parsed.Value(LogFormat).text(); format {
	case "text", "json":
		config.LogJSON = format == "json"
	default:
		problems.add(parsed.Value(LogFormat), "%q is neither text nor json", format)
	}
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level := parsed.Value(LogLevel)
	var known bool
	if config.LogLevel, known = levels[level.text()]; !known {
		problems.add(level, "%q is none of debug, info, warn and error", level.text())
	}
}

// Mail is the mail server; the zero Mail is none.
type Mail struct{ Address, TLS, User, Password, From string }

// String hides the password.
func (m Mail) String() string { return "mail server " + m.Address }

// GoString hides it from %#v.
func (m Mail) GoString() string { return m.String() }

func resolveMail(config *Config, problems *Problems) {
	parsed := config.Parsed
	text := func(name string) string { return parsed.Value(name).text() }
	given := Mail{Address: text(SMTPAddress), TLS: text(SMTPTLS), User: text(SMTPUser), Password: text(SMTPPassword), From: text(SMTPFrom)}
	switch given.TLS {
	case "starttls", "tls", "none":
	default:
		problems.add(parsed.Value(SMTPTLS), "%q is none of starttls, tls and none", given.TLS)
	}
	if given.Address == "" {
		for _, name := range []string{SMTPUser, SMTPPassword, SMTPFrom} {
			if text(name) != "" {
				problems.add(parsed.Value(name), "%s is missing", SMTPAddress)
			}
		}
		return
	}
	if host, port, err := net.SplitHostPort(given.Address); err != nil || host == "" || !goodPort(port) {
		problems.add(parsed.Value(SMTPAddress), "it is no address and port such as smtp.example.com:587")
	}
	if _, err := mail.ParseAddress(given.From); err != nil {
		problems.add(parsed.Value(SMTPAddress), "%s is no e-mail address: mails need a sender", SMTPFrom)
	}
	if (given.User == "") != (given.Password == "") {
		problems.add(parsed.Value(SMTPAddress), "%s and %s: give both or none", SMTPUser, SMTPPassword)
	}
	config.Mail = given
}

func goodPort(port string) bool {
	_, err := strconv.ParseUint(port, 10, 16)
	return err == nil
}

// databaseURL accepts the two forms of libpq, as far as they can be told from something else.
func databaseURL(text string) bool {
	if scheme, rest, isURL := strings.Cut(text, "://"); isURL {
		_, err := url.Parse(text)
		return err == nil && (scheme == "postgres" || scheme == "postgresql") && rest != ""
	}
	return strings.Contains(text, "=") && !strings.ContainsAny(text, "\r\n")
}

func networks(value Value, problems *Problems) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range value.Texts {
		if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
			list = append(list, netip.PrefixFrom(address, address.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			problems.add(value, "%q is neither an address nor a network", text)
			continue
		}
		list = append(list, prefix.Masked())
	}
	return list
}
