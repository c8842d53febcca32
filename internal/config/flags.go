package config

import "reflect"

// Flags are the flags of every command that works on an installation, for kong. What is not given is nil.
type Flags struct {
	Config   *string  `name:"config" type:"path" help:"File of settings, one \"name = value\" a line (AGENDA_CONFIG)." placeholder:"FILE"`
	Data     *string  `name:"data" type:"path" setting:"data" help:"Folder of the installation: the key file, and the database unless another is named; data when left out (AGENDA_DATA)." placeholder:"DIR"`
	Database *string  `name:"database" setting:"database" help:"PostgreSQL database, as postgres://user@host/name, instead of SQLite in the folder (AGENDA_DATABASE)." placeholder:"URL"`
	KeyFile  *string  `name:"key-file" type:"path" setting:"key_file" help:"Key file, when it is not agenda.key in the folder (AGENDA_KEY_FILE)." placeholder:"FILE"`
	Allow    []string `name:"outbound-allow" setting:"outbound.allow" help:"Private networks and hosts that calendars may be on: 10.1.0.0/16, nas.local:5001 (AGENDA_OUTBOUND_ALLOW)." placeholder:"ENTRY"`
}

// ServeFlags are the flags of "agenda serve" beside Flags.
type ServeFlags struct {
	Listen      *string  `name:"listen" setting:"listen" help:"Address and port to listen on; 127.0.0.1:8080 when left out (AGENDA_LISTEN)." placeholder:"HOST:PORT"`
	BaseURL     *string  `name:"base-url" setting:"base_url" help:"Where people find it, such as https://crm.example.com, when that is not where it listens (AGENDA_BASE_URL)." placeholder:"URL"`
	TLSCert     *string  `name:"tls-cert" type:"path" setting:"tls.cert" help:"Certificate file (PEM, with its chain); read anew when it changes (AGENDA_TLS_CERT)." placeholder:"FILE"`
	TLSKey      *string  `name:"tls-key" type:"path" setting:"tls.key" help:"Key file of the certificate (PEM) (AGENDA_TLS_KEY)." placeholder:"FILE"`
	ACMEHost    []string `name:"acme-host" setting:"acme.host" help:"Host names for which certificates are fetched from Let's Encrypt, which comes to port 443 to see that they are yours (AGENDA_ACME_HOST)." placeholder:"HOST"`
	ACMEFrom    *string  `name:"acme-directory" setting:"acme.directory" help:"Directory URL of another authority that speaks ACME (AGENDA_ACME_DIRECTORY)." placeholder:"URL"`
	Proxies     []string `name:"trusted-proxy" setting:"trusted_proxies" help:"Reverse proxies whose forwarded headers are believed: addresses or networks (AGENDA_TRUSTED_PROXIES)." placeholder:"ADDRESS"`
	MetricsFrom []string `name:"metrics-from" setting:"metrics_from" help:"Who may read /metrics beside this machine: addresses or networks (AGENDA_METRICS_FROM)." placeholder:"ADDRESS"`
	LogFormat   *string  `name:"log-format" setting:"log.format" help:"text or json; text when left out (AGENDA_LOG_FORMAT)." placeholder:"FORMAT"`
	LogLevel    *string  `name:"log-level" setting:"log.level" help:"debug, info, warn or error; info when left out (AGENDA_LOG_LEVEL)." placeholder:"LEVEL"`
}

// Given are the flags that were given, by the names of their settings, out of any of Flags and ServeFlags.
func Given(flags ...any) map[string][]string {
	given := map[string][]string{}
	for _, group := range flags {
		values := reflect.ValueOf(group)
		for i := range values.NumField() {
			name := values.Type().Field(i).Tag.Get("setting")
			if name == "" {
				continue
			}
			switch value := values.Field(i).Interface().(type) {
			case *string:
				if value != nil {
					given[name] = []string{*value}
				}
			case []string:
				if value != nil {
					given[name] = value
				}
			}
		}
	}
	return given
}
