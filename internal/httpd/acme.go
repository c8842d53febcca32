package httpd

import (
	"crypto/tls"
	"net/http"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// ACME says that certificates are asked for by the program itself (RFC 8555), when somebody first comes to a host, and renewed
// a month before they end. The authority proves the host by coming to it at port 443 (RFC 8737, tls-alpn-01).
type ACME struct {
	// Hosts are the names that certificates are asked for; whoever asks for another one is refused.
	Hosts []string
	// Folder keeps the account's key and the certificates; it is made, for the owner only.
	Folder string
	// Directory is where the authority says what it offers; "": Let's Encrypt.
	Directory string
	// Transport carries the requests to the authority; nil: the default one.
	Transport http.RoundTripper
}

// config is TLS with these certificates. Renewals are set off by timers of autocert, which end with the process.
func (a *ACME) config() *tls.Config {
	directory := a.Directory
	if directory == "" {
		directory = autocert.DefaultACMEDirectory
	}
	manager := &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(a.Folder), HostPolicy: autocert.HostWhitelist(a.Hosts...),
		Client: &acme.Client{DirectoryURL: directory, HTTPClient: &http.Client{Transport: a.Transport}, UserAgent: "agenda"},
	}
	config := manager.TLSConfig()
	config.MinVersion = tls.VersionTLS12
	return config
}
