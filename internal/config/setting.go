package config

// Setting is one thing that can be set. Its name is the one of the file and of messages.
type Setting struct {
	Name    string
	Flag    string // "" for what should not stand in a list of processes
	Env     string
	Default string // of those that have one
	Help    string
	List    bool // several values
	Secret  bool // masked, and readable from a file of its own
	Path    bool // a file or folder; a relative one in a file is meant from that file's folder
	Serve   bool // only "agenda serve" has it
}

// The names of the settings.
const (
	Data          = "data"
	Database      = "database"
	KeyFile       = "key_file"
	Key           = "key"
	OutboundAllow = "outbound.allow"
	Listen        = "listen"
	BaseURL       = "base_url"
	TLSCert       = "tls.cert"
	TLSKey        = "tls.key"
	ACMEHost      = "acme.host"
	ACMEDirectory = "acme.directory"
	Proxies       = "trusted_proxies"
	MetricsFrom   = "metrics_from"
	SMTPAddress   = "smtp.address"
	SMTPTLS       = "smtp.tls"
	SMTPUser      = "smtp.user"
	SMTPPassword  = "smtp.password"
	SMTPFrom      = "smtp.from"
	LogFormat     = "log.format"
	LogLevel      = "log.level"
)

// Settings are all settings, in the order they are shown.
var Settings = []Setting{
	{Name: Data, Flag: "data", Env: "AGENDA_DATA", Default: "data", Path: true,
		Help: "Folder of the installation: the key file, and the database unless another is named."},
	{Name: Database, Flag: "database", Env: "AGENDA_DATABASE", Secret: true,
		Help: "PostgreSQL database, as postgres://user@host/name, instead of SQLite in the folder."},
	{Name: KeyFile, Flag: "key-file", Env: "AGENDA_KEY_FILE", Path: true,
		Help: "Key file, when it is not agenda.key in the folder."},
	{Name: Key, Env: "AGENDA_KEY", Secret: true,
		Help: "The text of a key file, instead of the file; its entries end with a semicolon."},
	{Name: OutboundAllow, Flag: "outbound-allow", Env: "AGENDA_OUTBOUND_ALLOW", List: true,
		Help: "Private networks and hosts that calendars may be on: 10.1.0.0/16, nas.local:5001."},
	{Name: Listen, Flag: "listen", Env: "AGENDA_LISTEN", Default: "127.0.0.1:8080", Serve: true,
		Help: "Address and port to listen on."},
	{Name: BaseURL, Flag: "base-url", Env: "AGENDA_BASE_URL", Serve: true,
		Help: "Where people find it, such as https://crm.example.com, when that is not where it listens."},
	{Name: TLSCert, Flag: "tls-cert", Env: "AGENDA_TLS_CERT", Path: true, Serve: true,
		Help: "Certificate file (PEM, with its chain); read anew when it changes."},
	{Name: TLSKey, Flag: "tls-key", Env: "AGENDA_TLS_KEY", Path: true, Serve: true,
		Help: "Key file of the certificate (PEM)."},
	{Name: ACMEHost, Flag: "acme-host", Env: "AGENDA_ACME_HOST", List: true, Serve: true,
		Help: "Host names for which certificates are fetched from Let's Encrypt, which comes to port 443 to see that they are yours."},
	{Name: ACMEDirectory, Flag: "acme-directory", Env: "AGENDA_ACME_DIRECTORY", Serve: true,
		Help: "Directory URL of another authority that speaks ACME."},
	{Name: Proxies, Flag: "trusted-proxy", Env: "AGENDA_TRUSTED_PROXIES", List: true, Serve: true,
		Help: "Reverse proxies whose forwarded headers are believed: addresses or networks."},
	{Name: MetricsFrom, Flag: "metrics-from", Env: "AGENDA_METRICS_FROM", List: true, Serve: true,
		Help: "Who may read /metrics beside this machine: addresses or networks."},
	{Name: SMTPAddress, Env: "AGENDA_SMTP_ADDRESS", Serve: true,
		Help: "Mail server, as smtp.example.com:587: who waits for a calendar to be signed in again is told by mail. Left out, nobody is."},
	{Name: SMTPTLS, Env: "AGENDA_SMTP_TLS", Default: "starttls", Serve: true,
		Help: "starttls, tls (from the first byte, port 465) or none."},
	{Name: SMTPUser, Env: "AGENDA_SMTP_USER", Serve: true,
		Help: "User name at the mail server, where it wants one."},
	{Name: SMTPPassword, Env: "AGENDA_SMTP_PASSWORD", Secret: true, Serve: true,
		Help: "Password of that user."},
	{Name: SMTPFrom, Env: "AGENDA_SMTP_FROM", Serve: true,
		Help: "Sender of mails, as Agenda Online <agenda@example.com>."},
	{Name: LogFormat, Flag: "log-format", Env: "AGENDA_LOG_FORMAT", Default: "text", Serve: true,
		Help: "text or json."},
	{Name: LogLevel, Flag: "log-level", Env: "AGENDA_LOG_LEVEL", Default: "info", Serve: true,
		Help: "debug, info, warn or error."},
}

// EnvFile names the file of settings in the environment; its flag is --config.
const EnvFile = "AGENDA_CONFIG"

func settingOf(name string) (Setting, bool) {
	for _, setting := range Settings {
		if setting.Name == name {
			return setting, true
		}
	}
	return Setting{}, false
}
