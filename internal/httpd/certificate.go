package httpd

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certificateFiles is a certificate in files. A new one, as a renewal leaves it, is taken without a restart; one that cannot
// be read leaves the former in place.
type certificateFiles struct {
	cert, key string
	mu        sync.Mutex
	loaded    *tls.Certificate
	changedAt time.Time // of the files that were loaded
	checkedAt time.Time
}

// checkEvery is how often the files are looked at, at most.
const checkEvery = time.Minute

// get fits tls.Config.GetCertificate.
func (c *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded != nil && time.Since(c.checkedAt) < checkEvery {
		return c.loaded, nil
	}
	c.checkedAt = time.Now()
	changedAt, err := latest(c.cert, c.key)
	if err == nil && (c.loaded == nil || !changedAt.Equal(c.changedAt)) {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(c.cert, c.key); err == nil {
			c.loaded, c.changedAt = &pair, changedAt
		}
	}
	if c.loaded == nil {
		return nil, fmt.Errorf("load the certificate %s with the key %s: %w", c.cert, c.key, err)
	}
	return c.loaded, nil
}

func latest(paths ...string) (time.Time, error) {
	var latest time.Time
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return time.Time{}, err
		}
		if info.ModTime().After(latest) {
			latest = info.ModTime()
		}
	}
	return latest, nil
}
