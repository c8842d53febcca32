package oauth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Kept is a grant as its Vault holds it. Number rises each time it is replaced.
type Kept struct {
	Server Server
	Grant  Grant
	Number int64
	// Transport is the way to the server; nil: the Client's.
	Transport http.RoundTripper
}

// Vault keeps the grant of one link where every node sees it. Each method is one transaction.
type Vault interface {
	// Load reads the grant. A grant that is known to be dead is a *Failure of the kind SignInAgain.
	Load(ctx context.Context) (Kept, error)
	// Claim gives the right to refresh the grant of that number, for a while. ok is false when somebody else has it, or when
	// the grant has another number by now.
	Claim(ctx context.Context, number int64) (ok bool, err error)
	// Save replaces the claimed grant and ends the claim. It is durable when it returns: only then is the token used. ErrReplaced:
	// the grant has another number by now, and what there is stays.
	Save(ctx context.Context, number int64, grant Grant) error
	// Release ends the claim and leaves the grant as it is: the server could not be asked.
	Release(ctx context.Context, number int64) error
	// Dead keeps that the server takes the grant of that number no more, and why. The link waits for a person.
	Dead(ctx context.Context, number int64, why Kind) error
}

// ErrReplaced says that a grant was replaced since it was loaded: by a person who signed in again, by a node whose claim came to
// an end, or by the very save whose answer was lost.
var ErrReplaced = errors.New("the grant was replaced")

// Bearer signs requests in with the access token of a vault's grant (RFC 6750: in the header, nowhere else). It may be used
// by many goroutines; one refresh serves them all, and those of other nodes.
type Bearer struct {
	client *Client
	vault  Vault
	wait   func(context.Context, time.Duration) error

	mu      sync.Mutex
	kept    Kept
	unsaved Kept // what the server gave and the vault would not take yet; AccessToken is "" when there is none
}

// NewBearer makes credentials of a vault's grant. wait waits for the time to pass or for ctx.
func (c *Client) NewBearer(vault Vault, wait func(context.Context, time.Duration) error) *Bearer {
	return &Bearer{client: c, vault: vault, wait: wait}
}

// Who waits for another's refresh looks again this often, and gives up for now when it takes longer than a request may.
const (
	lookAgain  = 100 * time.Millisecond
	waitAtMost = requestTimeout + 10*time.Second
)

// Authorize implements caldav's Credentials.
func (b *Bearer) Authorize(request *http.Request) error {
	kept, err := b.usable(request.Context(), "")
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+kept.Grant.AccessToken)
	return nil
}

// Refused implements caldav's Credentials: the token that was refused is replaced, once, and the request is worth sending
// again.
func (b *Bearer) Refused(request *http.Request, _ *http.Response) (again bool, err error) {
	refused := strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ")
	if refused == "" {
		return false, nil
	}
	if _, err := b.usable(request.Context(), refused); err != nil {
		return false, err
	}
	return true, nil
}

// usable is the grant with an access token that can be used and is not the refused one. Goroutines of this process queue up
// behind the one that refreshes; other nodes are kept out by the claim.
func (b *Bearer) usable(ctx context.Context, refused string) (Kept, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unsaved.Grant.AccessToken != "" {
		if err := b.keep(ctx, b.unsaved); err != nil {
			return Kept{}, err
		}
	}
	fine := func() bool { return b.kept.Grant.Good(b.client.now()) && b.kept.Grant.AccessToken != refused }
	if fine() {
		return b.kept, nil
	}
	var err error
	for waited := time.Duration(0); ; waited += lookAgain {
		if b.kept, err = b.vault.Load(ctx); err != nil {
			return Kept{}, err
		}
		if fine() {
			return b.kept, nil
		}
		claimed, err := b.vault.Claim(ctx, b.kept.Number)
		if err != nil {
			return Kept{}, err
		}
		if claimed {
			return b.refresh(ctx)
		}
		if waited >= waitAtMost {
			return Kept{}, &Failure{Kind: Temporary, Op: "wait for another's refresh"}
		}
		if err := b.wait(ctx, lookAgain); err != nil {
			return Kept{}, err
		}
	}
}

// Saving is tried again a few times: the server has ended the old token by now, and losing the new one means that a person
// must sign in again.
const (
	saveAttempts = 5
	savePause    = 200 * time.Millisecond
)

func (b *Bearer) refresh(ctx context.Context) (Kept, error) {
	kept := b.kept
	// What is asked of the server must be kept, also when the run that wanted it ends meanwhile.
	unbroken, cancel := context.WithTimeout(context.WithoutCancel(ctx), waitAtMost)
	defer cancel()
	client := b.client
	if kept.Transport != nil {
		client = client.Through(kept.Transport)
	}
	fresh, err := client.Refresh(unbroken, kept.Server, kept.Grant)
	switch KindOf(err) {
	case "":
		if err != nil {
			return Kept{}, errors.Join(err, b.vault.Release(unbroken, kept.Number))
		}
	case ScopeMissing:
		if keepErr := b.keep(unbroken, Kept{kept.Server, fresh, kept.Number, kept.Transport}); keepErr != nil {
			return Kept{}, keepErr
		}
		return Kept{}, errors.Join(err, b.vault.Dead(unbroken, b.kept.Number, ScopeMissing))
	case SignInAgain, ClientRefused:
		// Another may have been faster in spite of the claim (a node that stood still): what it kept is good.
		if now, loadErr := b.vault.Load(unbroken); loadErr == nil && now.Number != kept.Number && now.Grant.Good(b.client.now()) {
			b.kept = now
			return now, nil
		}
		return Kept{}, errors.Join(err, b.vault.Dead(unbroken, kept.Number, KindOf(err)))
	default:
		return Kept{}, errors.Join(err, b.vault.Release(unbroken, kept.Number))
	}
	if err := b.keep(unbroken, Kept{kept.Server, fresh, kept.Number, kept.Transport}); err != nil {
		return Kept{}, err
	}
	return b.kept, nil
}

// keep puts a fresh grant in the place of the one of its number. What the vault does not take now is kept here and brought
// again before anything else: the server knows no other any more.
func (b *Bearer) keep(ctx context.Context, fresh Kept) error {
	b.unsaved = fresh
	var err error
	for attempt := range saveAttempts {
		if attempt > 0 {
			if waitErr := b.wait(ctx, savePause<<attempt); waitErr != nil {
				return errors.Join(err, waitErr)
			}
		}
		if err = b.vault.Save(ctx, fresh.Number, fresh.Grant); err == nil {
			fresh.Number++
			b.kept, b.unsaved = fresh, Kept{}
			return nil
		}
		if errors.Is(err, ErrReplaced) {
			b.unsaved = Kept{}
			b.kept, err = b.vault.Load(ctx)
			return err
		}
	}
	return err
}
