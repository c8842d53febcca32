package caldav

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
)

// Config is what a Client is made from.
type Config struct {
	RoundTripper http.RoundTripper // outbound's Transport: one for the whole program, so that connections and limits are shared
	Credentials  Credentials       // nil: none are sent
	// Origins are where requests may go, whether by hrefs or by redirects: those confirmed at the connection test.
	Origins   outbound.Origins
	PlainHTTP bool             // credentials may go over http: a person ticked it for this link
	Now       func() time.Time // nil: time.Now
	// Observe hears of each request when it has ended, redirects and second tries included, possibly from several goroutines.
	Observe  func(dav.Exchange)
	Timeouts Timeouts
	Limits   dav.Limits // zero fields: dav.DefaultLimits
	Batch    int        // hrefs in one multiget; 0: 100
}

// Timeouts bound one request in time. Zero fields take the value in the comment.
type Timeouts struct {
	Answer  time.Duration // until the answer begins, of requests about one resource: 30 s
	Listing time.Duration // the same for listings and reports: 3 min, since Radicale 3.1.8 thinks 25 s about 5,000 members
	Stall   time.Duration // between two pieces of an answer: 60 s
	Total   time.Duration // from the first byte sent to the last received, redirects included: 15 min
}

const (
	defaultBatch = 100
	userAgent    = "AgendaOnline"
)

// Credentials sign requests in. They may be used by many goroutines.
type Credentials interface {
	// Authorize adds what signs the request in to its header. It is called for each request that goes to an approved origin,
	// and must add nothing elsewhere. An error ends the request; a *dav.Failure is given on as it is.
	Authorize(request *http.Request) error
	// Refused hears that the request, as Authorize left it, was answered 401, and reports whether it is worth sending it once
	// more: an access token that was refreshed, a Digest whose nonce is now known. The body of the answer is not to be read. The
	// client asks once for each request, so a password is never tried twice by itself: servers lock whole companies out.
	Refused(request *http.Request, answer *http.Response) (again bool, err error)
}

// Client talks to the server or servers of one link. It may be used by many goroutines.
type Client struct {
	config Config
}

// New makes a Client. It holds nothing that must be closed.
func New(config Config) *Client {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Observe == nil {
		config.Observe = func(dav.Exchange) {}
	}
	if config.Batch <= 0 {
		config.Batch = defaultBatch
	}
	config.Limits.MemberBytes = orDefault(config.Limits.MemberBytes, dav.DefaultLimits.MemberBytes)
	config.Limits.Members = orDefault(config.Limits.Members, dav.DefaultLimits.Members)
	config.Timeouts.Answer = orDefault(config.Timeouts.Answer, 30*time.Second)
	config.Timeouts.Listing = orDefault(config.Timeouts.Listing, 3*time.Minute)
	config.Timeouts.Stall = orDefault(config.Timeouts.Stall, time.Minute)
	config.Timeouts.Total = orDefault(config.Timeouts.Total, 15*time.Minute)
	return &Client{config}
}

func orDefault[T ~int | ~int64](value, otherwise T) T {
	if value <= 0 {
		return otherwise
	}
	return value
}

// Collection is one calendar of a server. It may be used by many goroutines.
type Collection struct {
	client *Client
	href   dav.Href

	mu     sync.Mutex
	traits dav.Traits
}

// Collection is the calendar at an absolute URL, whose server is known to show these traits.
func (c *Client) Collection(calendar dav.Href, traits dav.Traits) *Collection {
	return &Collection{client: c, href: calendar, traits: traits}
}

// Href is the calendar's address as it was given.
func (c *Collection) Href() dav.Href { return c.href }

// Traits are those that were given and those that surprises added since, to be kept with the link.
func (c *Collection) Traits() dav.Traits {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.traits
}

func (c *Collection) has(trait dav.Trait) bool { return c.Traits().Has(trait) }

func (c *Collection) learn(trait dav.Trait, seen string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.traits = c.traits.With(trait, dav.Evidence{At: c.client.config.Now().UTC(), Seen: seen})
}

// address is the URL of an href of this calendar, which must lead to the calendar's own origin: an href that a server, or
// somebody who can write into its answers, points elsewhere would carry the credentials there.
func (c *Collection) address(href dav.Href) (*url.URL, error) {
	base, err := absolute(c.href)
	if err != nil {
		return nil, err
	}
	return within(base, href)
}

// absolute is an href that names its origin itself.
func absolute(href dav.Href) (*url.URL, error) {
	return href.Resolve(&url.URL{})
}

// within is the URL of an href that must lead to base's origin. A server behind a proxy that ends TLS writes http:// where
// it is reached by https; such an href is asked by https.
func within(base *url.URL, href dav.Href) (*url.URL, error) {
	target, err := href.Resolve(base)
	if err != nil {
		return nil, err
	}
	if base.Scheme == "https" && target.Scheme == "http" && target.Hostname() == base.Hostname() {
		target.Scheme, target.Host = base.Scheme, base.Host
	}
	from, err := outbound.OriginOf(base)
	if err != nil {
		return nil, err
	}
	to, err := outbound.OriginOf(target)
	if err != nil {
		return nil, err
	}
	if from != to {
		return nil, &otherOrigin{to}
	}
	return target, nil
}

// otherOrigin is an href or redirect that leads where requests must not go.
type otherOrigin struct{ origin outbound.Origin }

func (o *otherOrigin) Error() string {
	return "leads to " + string(o.origin) + ", which is not approved"
}

// usable is what MemberOf says of a response, with members whose href must not be followed named so.
func (c *Collection) usable(member dav.Member) dav.Member {
	if member.Kind != dav.MemberUnusable && !plainPath(member.Href) {
		if _, err := c.address(member.Href); err != nil {
			return dav.Member{Kind: dav.MemberUnusable, Href: member.Href}
		}
	}
	return member
}

// plainPath reports whether an href is a path of letters that stand for themselves: it leads nowhere else. Nearly all are, and
// a first sync has many.
func plainPath(href dav.Href) bool {
	if href == "" || href[0] != '/' {
		return false
	}
	for _, c := range []byte(href) {
		if c <= ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	return true
}

var _ interface {
	Calendar(ctx context.Context) (dav.Calendar, error)
	Sync(ctx context.Context, token dav.SyncToken, visit func(dav.Member) error) (dav.SyncResult, error)
	List(ctx context.Context, visit func(dav.Member) error) error
	Multiget(ctx context.Context, hrefs []dav.Href, visit func(dav.Member) error) error
	Get(ctx context.Context, href dav.Href) (dav.Resource, error)
	Put(ctx context.Context, href dav.Href, body []byte, condition dav.Condition) (dav.PutResult, error)
	Delete(ctx context.Context, href dav.Href, condition dav.Condition) error
} = (*Collection)(nil)
