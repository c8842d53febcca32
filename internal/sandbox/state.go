package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"sort"
	"strconv"
	"time"
)

// state is everything the server knows: what Snapshot copies and the journal keeps. All of it is changed under Server.mu,
// and an object never after it was made, so that an answer can go out while the state moves on.
type state struct {
	Users     map[string]*User     `json:"users"`
	Calendars map[string]*calendar `json:"calendars"` // by id
	Homes     map[string]homes     `json:"homes"`     // by user
	Made      int                  `json:"made"`      // calendars ever made: the next one's id
}

// homes is what lies in one user's home set: calendars by the name they have there.
type homes map[string]binding

// binding is a calendar as one user reaches it.
type binding struct {
	Calendar string `json:"calendar"` // its id
	Access   Access `json:"access"`
}

// about is what a calendar is, without what is in it.
type about struct {
	ID          string            `json:"id"`
	Owner       string            `json:"owner"`
	Name        string            `json:"name"` // in its owner's home
	DisplayName string            `json:"display_name"`
	Color       string            `json:"color"`
	Components  []string          `json:"components"`
	Properties  map[string]string `json:"properties"` // set by PROPPATCH: inner XML by "{space}local"
	Trashed     bool              `json:"trashed"`    // no calendar any more, though it still answers (Nextcloud)
}

type calendar struct {
	about

	Sequence int64             `json:"sequence"` // of the last change; 0 is the empty calendar
	Digest   digest            `json:"digest"`   // of the members as they are: equal again when a change is undone
	Pruned   int64             `json:"pruned"`   // changes up to this one are forgotten
	Changes  []change          `json:"changes"`  // ascending
	Trash    map[string]string `json:"trash"`    // UIDs of what was deleted, with its name
	Trashes  map[string]int    `json:"trashes"`  // how often a name was deleted
	Members  []*object         `json:"members"`  // in the order they were made; gone ones are skipped by their missing index entry

	byName map[string]*object
	byUID  map[string][]string // names
	tokens map[string]int64    // sequences by hashed token, filled when asked
	hashed int                 // changes that tokens knows of
}

// object is one calendar object resource.
type object struct {
	Name      string    `json:"name"` // decoded
	Segment   string    `json:"segment"`
	UID       string    `json:"uid"`
	Component string    `json:"component"` // VEVENT, VTODO ...
	ETag      string    `json:"etag"`
	Body      string    `json:"body"`
	Sequence  int64     `json:"sequence"` // of its last change
	Born      int64     `json:"born"`     // sequence of its making
	At        time.Time `json:"at"`       // of its last change

	before *object // what it replaced, for the time a racy server takes it as current
}

// change is one entry of a calendar's history. Name "" is a change of the collection's own properties.
type change struct {
	Sequence int64     `json:"n"`
	Name     string    `json:"name"`
	Segment  string    `json:"segment"`
	Gone     bool      `json:"gone"`
	At       time.Time `json:"at"`
	Digest   digest    `json:"digest"` // of the members after it
}

// digest is a sum of hashes, so that it follows from the members alone and not from the way to them.
type digest [20]byte

func (d digest) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(d[:])), nil }

func (d *digest) UnmarshalText(text []byte) error {
	_, err := hex.Decode(d[:], text)
	return err
}

func (d digest) with(o *object) digest {
	sum := sha256.Sum256([]byte(o.Name + "\x00" + o.ETag))
	for i := range d {
		d[i] ^= sum[i]
	}
	return d
}

func newState() *state {
	return &state{Users: map[string]*User{}, Calendars: map[string]*calendar{}, Homes: map[string]homes{}}
}

// index fills what is derived. Members holds no gone object then.
func (c *calendar) index() {
	c.byName = make(map[string]*object, len(c.Members))
	c.byUID = make(map[string][]string, len(c.Members))
	c.tokens = nil
	for _, o := range c.Members {
		c.byName[o.Name] = o
		c.byUID[o.UID] = append(c.byUID[o.UID], o.Name)
	}
}

// put stores an object under its name, at the next sequence.
func (c *calendar) put(o object) *object {
	c.Sequence++
	o.Sequence, o.Born = c.Sequence, c.Sequence
	old := c.byName[o.Name]
	if old != nil {
		o.Born, o.Segment = old.Born, old.Segment
		o.before = &object{ETag: old.ETag, At: o.At}
		c.Digest = c.Digest.with(old)
		c.dropUID(old)
	}
	stored := &o
	c.Digest = c.Digest.with(stored)
	c.byName[o.Name] = stored
	c.byUID[o.UID] = append(c.byUID[o.UID], o.Name)
	delete(c.Trash, o.UID)
	if old == nil {
		c.compact()
		c.Members = append(c.Members, stored)
	} else {
		c.Members[c.position(old)] = stored
	}
	c.Changes = append(c.Changes, change{Sequence: c.Sequence, Name: o.Name, Segment: o.Segment, At: o.At, Digest: c.Digest})
	return stored
}

// remove takes an object away, at the next sequence.
func (c *calendar) remove(old *object, at time.Time) {
	c.Sequence++
	c.Digest = c.Digest.with(old)
	c.dropUID(old)
	delete(c.byName, old.Name)
	if c.Trashes == nil {
		c.Trashes = map[string]int{}
	}
	c.Trashes[old.Name]++
	if len(c.byUID[old.UID]) == 0 {
		if c.Trash == nil {
			c.Trash = map[string]string{}
		}
		c.Trash[old.UID] = old.Name
	}
	c.compact()
	c.Changes = append(c.Changes, change{Sequence: c.Sequence, Name: old.Name, Segment: old.Segment, Gone: true, At: at, Digest: c.Digest})
}

// touch marks a change of the collection itself.
func (c *calendar) touch(at time.Time) {
	c.Sequence++
	c.Changes = append(c.Changes, change{Sequence: c.Sequence, At: at, Digest: c.Digest})
}

func (c *calendar) dropUID(old *object) {
	names := c.byUID[old.UID]
	if len(names) == 1 {
		delete(c.byUID, old.UID)
		return
	}
	var kept []string
	for _, name := range names {
		if name != old.Name {
			kept = append(kept, name)
		}
	}
	c.byUID[old.UID] = kept
}

// position is where a living object stands: Members ascends by Born.
func (c *calendar) position(o *object) int {
	return sort.Search(len(c.Members), func(i int) bool { return c.Members[i].Born >= o.Born })
}

// compact drops gone members once they are the half, so that each is dropped for the price of one.
func (c *calendar) compact() {
	if len(c.Members) > 2*len(c.byName)+32 {
		c.Members = c.living()
	}
}

// living are the members, in the order they were made.
func (c *calendar) living() []*object {
	found := make([]*object, 0, len(c.byName))
	for _, o := range c.Members {
		if now := c.byName[o.Name]; now != nil && now.Born == o.Born {
			found = append(found, o)
		}
	}
	return found
}

// since are the last changes of each name after a sequence, ascending.
func (c *calendar) since(sequence int64) []change {
	start := sort.Search(len(c.Changes), func(i int) bool { return c.Changes[i].Sequence > sequence })
	return lastOfEach(c.Changes[start:])
}

// lastOfEach keeps the last change of each name.
func lastOfEach(changes []change) []change {
	seen := make(map[string]bool, len(changes))
	kept := make([]change, 0, len(changes))
	for i := len(changes) - 1; i >= 0; i-- {
		if seen[changes[i].Name] {
			continue
		}
		seen[changes[i].Name] = true
		kept = append(kept, changes[i])
	}
	for i, j := 0, len(kept)-1; i < j; i, j = i+1, j-1 {
		kept[i], kept[j] = kept[j], kept[i]
	}
	return kept
}

// at is the change of a sequence; the zero change when it is not known, as for the empty calendar.
func (c *calendar) at(sequence int64) change {
	i := sort.Search(len(c.Changes), func(i int) bool { return c.Changes[i].Sequence >= sequence })
	if i < len(c.Changes) && c.Changes[i].Sequence == sequence {
		return c.Changes[i]
	}
	return change{Sequence: sequence}
}

// make adds a calendar to its owner's home.
func (s *state) make(owner, name string) *calendar {
	s.Made++
	c := &calendar{about: about{ID: strconv.Itoa(s.Made), Owner: owner, Name: name, Properties: map[string]string{}}}
	c.index()
	s.Calendars[c.ID] = c
	s.bind(owner, name, binding{Calendar: c.ID, Access: Owns})
	return c
}

func (s *state) bind(user, name string, b binding) {
	if s.Homes[user] == nil {
		s.Homes[user] = homes{}
	}
	s.Homes[user][name] = b
}

// drop takes a calendar out of every home.
func (s *state) drop(id string) {
	delete(s.Calendars, id)
	for _, home := range s.Homes {
		for name, b := range home {
			if b.Calendar == id {
				delete(home, name)
			}
		}
	}
}

// find is the calendar that a user's home has under a name.
func (s *state) find(user, name string) (*calendar, binding) {
	b, ok := s.Homes[user][name]
	if !ok {
		return nil, binding{}
	}
	return s.Calendars[b.Calendar], b
}

// names are the calendars of a home, sorted.
func (s *state) names(user string) []string {
	names := make([]string, 0, len(s.Homes[user]))
	for name := range s.Homes[user] {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
