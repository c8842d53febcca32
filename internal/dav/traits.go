package dav

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Trait is a named deviation that a server shows. Code asks for a trait, never for a server's name.
type Trait string

// The traits. docs/interop.md tells which server was seen with which.
const (
	NoSyncToken          Trait = "no_sync_token"          // no sync-collection, or one that does not work
	SyncNeedsDepthOne    Trait = "sync_needs_depth_one"   // refuses sync-collection with Depth: 0
	NoDataInSync         Trait = "no_data_in_sync"        // gives no calendar-data in a sync-collection report
	LiesAboutTokens      Trait = "lies_about_tokens"      // takes a token it cannot know for a good one
	NoIfMatch            Trait = "no_if_match"            // writes though If-Match does not match
	NoIfMatchOnDelete    Trait = "no_if_match_on_delete"  // deletes though If-Match does not match
	NoIfNoneMatch        Trait = "no_if_none_match"       // overwrites though If-None-Match: * forbids it
	RacyIfMatch          Trait = "racy_if_match"          // two writers with one ETag can both succeed
	NoETags              Trait = "no_etags"               // lists members without ETag
	WeakETags            Trait = "weak_etags"             // its ETags are weak or unquoted
	NoETagOnPut          Trait = "no_etag_on_put"         // answers a plain PUT without ETag
	RewritesBodies       Trait = "rewrites_bodies"        // stores other bytes than it was given
	HTMLDescriptions     Trait = "html_descriptions"      // DESCRIPTION is HTML
	NeedsLength          Trait = "needs_length"           // refuses timed events without a length
	TakesOldUID          Trait = "takes_old_uid"          // proven to take the UID of a deleted event again, deletion included
	DoubledUIDs          Trait = "doubled_uids"           // stores one UID under two hrefs
	IgnoresScheduleAgent Trait = "ignores_schedule_agent" // mails guests though SCHEDULE-AGENT says not to
	MissesChanges        Trait = "misses_changes"         // sync-collection was seen to leave out a change
	DigestSignIn         Trait = "digest_sign_in"         // takes a password by Digest only (RFC 7616)
)

// Evidence is how a trait came to be known: by probing or by a surprise.
type Evidence struct {
	At   time.Time `json:"at"`   // UTC
	Seen string    `json:"seen"` // what was asked and what came back, in a few words without calendar text
}

// Traits is the set of traits that a link's server showed. The zero Traits is empty. A Traits is a value: With and Without
// give a new one.
type Traits struct{ seen map[Trait]Evidence }

// Has reports whether the server shows the trait.
func (t Traits) Has(trait Trait) bool { _, ok := t.seen[trait]; return ok }

// Evidence is how the trait came to be known.
func (t Traits) Evidence(trait Trait) (Evidence, bool) { e, ok := t.seen[trait]; return e, ok }

// All lists the traits in a fixed order.
func (t Traits) All() []Trait { return slices.Sorted(maps.Keys(t.seen)) }

// Unguarded reports whether the server may let a write replace what its writer has not seen (semantics 7).
func (t Traits) Unguarded() bool {
	return slices.ContainsFunc([]Trait{NoIfMatch, NoIfMatchOnDelete, RacyIfMatch, NoETags, WeakETags}, t.Has)
}

// With is t and one more. A trait that is known keeps its first evidence.
func (t Traits) With(trait Trait, evidence Evidence) Traits {
	if t.Has(trait) {
		return t
	}
	seen := maps.Clone(t.seen)
	if seen == nil {
		seen = map[Trait]Evidence{}
	}
	seen[trait] = evidence
	return Traits{seen}
}

// Without is t without one trait: a new probe disproved it.
func (t Traits) Without(trait Trait) Traits {
	if !t.Has(trait) {
		return t
	}
	seen := maps.Clone(t.seen)
	delete(seen, trait)
	return Traits{seen}
}

// MarshalJSON writes an object of trait and evidence, the form a link keeps.
func (t Traits) MarshalJSON() ([]byte, error) {
	if t.seen == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(t.seen)
}

// UnmarshalJSON reads what MarshalJSON wrote. Traits that this version does not know are kept.
func (t *Traits) UnmarshalJSON(data []byte) error {
	seen := map[Trait]Evidence{}
	if err := json.Unmarshal(data, &seen); err != nil {
		return fmt.Errorf("read traits: %w", err)
	}
	t.seen = seen
	return nil
}
