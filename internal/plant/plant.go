// Package plant names faults that can be put into the program on purpose, to see whether the oracle finds them (docs/sync.md). They
// exist in builds with the tag plant only: in every other On is a constant, and what it guards is not compiled.
package plant

import "bytes"

// Fault is one fault.
type Fault string

// The faults.
const (
	None                 Fault = ""
	NoIfMatch            Fault = "no If-Match"
	FailedListingIsEmpty Fault = "a listing that failed is taken as empty"
	TokenFirst           Fault = "the token is saved before the data"
	AnswersETagIgnored   Fault = "the ETag of the answer is ignored"
	BaseFirst            Fault = "the base is written before the PUT's answer"
	SecondResource       Fault = "a second resource after a lost answer"
	WholeItems           Fault = "whole items are merged"
	LoserNotKept         Fault = "the loser of a conflict is not kept"
	Arrival              Fault = "a conflict is decided by arrival"
	Absence              Fault = "a deletion from absence"
	MultigetGone         Fault = "a 404 of a multiget is a deletion"
	OutboxOutside        Fault = "the outbox entry outside the transaction"
	RevisionIgnored      Fault = "an entry that was put again is taken as done"
	NoGeneration         Fault = "a lease without generation"
	MadeUpFlowsBack      Fault = "a made-up end flows back"
	UnmappedDropped      Fault = "unmapped lines are dropped"
	OwnWriteIsEdit       Fault = "an own write is taken as an edit"
	ReassignForgetsOld   Fault = "a reassigned event stays in the old calendar"
	EditLosesToDeletion  Fault = "an edit loses against a deletion"
	PrivateShown         Fault = "a private text is shown to another"
	RetryAfterRefusal    Fault = "a refused password is tried again and again"
	TrashForgotten       Fault = "the trash is forgotten when a calendar is linked again"
	LeavesTooSoon        Fault = "an event leaves a calendar before it is in the other"
)

// All are all of them.
var All = []Fault{
	NoIfMatch, FailedListingIsEmpty, TokenFirst, AnswersETagIgnored, BaseFirst, SecondResource, WholeItems, LoserNotKept, Arrival, Absence, MultigetGone,
	OutboxOutside, RevisionIgnored, NoGeneration, MadeUpFlowsBack, UnmappedDropped, OwnWriteIsEdit, ReassignForgetsOld, EditLosesToDeletion,
	PrivateShown, RetryAfterRefusal, TrashForgotten, LeavesTooSoon,
}

// WithoutX is a text without the lines that begin with X-.
func WithoutX(text []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte("X-")) {
			kept = append(kept, line...)
		}
	}
	return kept
}
