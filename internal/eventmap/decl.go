package eventmap

import "agendaonline/internal/ical"
import "errors"
import "iter"

func problemsOf(text *ical.Text) iter.Seq[ical.Problem] { return func(yield func(ical.Problem) bool) { for _, p := range text.Problems() { if !yield(p) { return } } } }

// Facts says what the event is.
func (o *Object) Facts() Facts { return Facts{} }

// Mine reports whether the event belongs to who has these addresses (semantics 7): it has no organizer, or no attendees, or
// its organizer is one of them. An address may have a scheme or not.
func (f Facts) Mine(addresses []string) bool { return false }

// AnswerOf is what one of these addresses answered as an attendee; empty where none is invited.
func (f Facts) AnswerOf(addresses []string) string { return "" }

// Extract reads the three units. The error is an *Unusable where the event's dates are none that an action can have: the
// resource is set aside; or says why the action's zone cannot be used. Series and invitations are read as any event, with the
// dates of the master: what to do about them Facts lets decide.
func (o *Object) Extract(in Reading) (Extracted, error) { return Extracted{}, errors.New("not yet") }

// Patch is the object's text with the values of a change: nothing else of it changes but the known twins of what is written,
// and SEQUENCE, DTSTAMP and LAST-MODIFIED. Where the event has the values already, the bytes are the same. The error is an
// *Unusable where the dates of the event cannot be read and dates are to be written.
func (o *Object) Patch(change Change) ([]byte, error) { return nil, errors.New("not yet") }

// New is the calendar text of a new event.
func New(uid string, change Change) ([]byte, error) { return nil, errors.New("not yet") }

// PlaceOrRuleEdited reports whether place or rule of an event changed: with the three units they are what counts as a change
// against a deletion (semantics 6). Nothing changed where one of the two is nil.
func PlaceOrRuleEdited(before, now *Object) bool { return false }

// Twins are the texts that a patch of these units takes away: they go to the history.
func (o *Object) Twins(change Change) []Twin { return nil }

// A Twin is a second form of a value that a patch takes away: HTML beside a description.
type Twin struct{ Name, Value string }
