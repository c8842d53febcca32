package main

import (
	"fmt"
	"os"

	"agendaonline/internal/service"
)

// certificateFiles are the files of a client certificate and of authorities that hold for the host of one link.
type certificateFiles struct {
	ClientCert string `name:"client-cert" help:"File with a client certificate (PEM) to show to this server." placeholder:"FILE"`
	ClientKey  string `name:"client-key" help:"File with its private key (PEM, without passphrase)." placeholder:"FILE"`
	CA         string `name:"ca" help:"File with authorities (PEM) to trust at this server only, beside the usual ones." placeholder:"FILE"`
}

// read reads the files that were named.
func (f certificateFiles) read() (service.LinkTLS, error) {
	var read service.LinkTLS
	for _, one := range []struct {
		flag, path string
		into       *string
	}{{"--client-cert", f.ClientCert, &read.Certificate}, {"--client-key", f.ClientKey, &read.Key}, {"--ca", f.CA, &read.Authorities}} {
		if one.path == "" {
			continue
		}
		text, err := os.ReadFile(one.path)
		if err != nil {
			return service.LinkTLS{}, fmt.Errorf("%s: %w", one.flag, err)
		}
		*one.into = string(text)
	}
	return read, nil
}
