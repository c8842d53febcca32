package oracle

import (
	"strings"
	"time"
)

// Quiet is what happened in rounds in which nothing should.
type Quiet struct {
	Rounds      int
	Links       int // that were run in each round
	Writes      int // applied on K by the engine
	HistoryRows int // added in C
	Requests    int // of the engine to K
	// RequestsEach is how many requests a link may make in a round: 1, and more where a server has no sync token.
	RequestsEach int
}

// JudgeQuiet is O8: nothing moves any more.
func JudgeQuiet(q Quiet) Report {
	var r Report
	r.judged("O8")
	if q.Writes > 0 {
		r.broken("O8", 0, "K", "%d writes in %d rounds without an edit", q.Writes, q.Rounds)
	}
	if q.HistoryRows > 0 {
		r.broken("O8", 0, "C", "%d rows of history in %d rounds without an edit", q.HistoryRows, q.Rounds)
	}
	if most := q.Rounds * q.Links * max(1, q.RequestsEach); q.Requests > most {
		r.broken("O8", 0, "K", "%d requests in %d rounds of %d links, at most %d are needed", q.Requests, q.Rounds, q.Links, most)
	}
	return r
}

// Settling is how the sides came to rest after everything was healed.
type Settling struct {
	Links map[string]Settled // by a name, those that can come to rest
}

// Settled is how one link came to rest.
type Settled struct {
	Done       bool
	Rounds     int
	Took       time.Duration // by the clock of the world
	RetryAfter time.Duration // what the server had asked to wait for at the last
}

// JudgeSettling is O9: within 3 rounds and 60 seconds beyond the last Retry-After.
func JudgeSettling(s Settling) Report {
	var r Report
	for name, link := range s.Links {
		r.judged("O9")
		switch {
		case !link.Done:
			r.broken("O9", 0, name, "not at rest after %d rounds and %v", link.Rounds, link.Took)
		case link.Rounds > 3:
			r.broken("O9", 0, name, "%d rounds", link.Rounds)
		case link.Took > link.RetryAfter+time.Minute:
			r.broken("O9", 0, name, "%v, of which %v were asked for", link.Took, link.RetryAfter)
		}
	}
	return r
}

// Text is something that was written down or shown: a log, an answer, an error, a page.
type Text struct {
	Where  string // in words
	Origin string // of a request that was sent: the only one its secrets may go to; "" for everything else
	Viewer string // the user it was shown to, "" for nobody in particular
	Body   string
}

// Secret is a text that may be seen in few places or none.
type Secret struct {
	Name   string // in words: it is told instead of the secret
	Value  string
	Origin string // where it may be sent; "" for nowhere
	Viewer string // who may see it; "" for nobody
}

// JudgeSecrets is S6 for credentials, and O10 for what one user's eyes only may see: no secret occurs in a text that is not its own.
func JudgeSecrets(secrets []Secret, texts []Text) Report {
	var r Report
	for _, secret := range secrets {
		rule := "S6"
		if secret.Viewer != "" {
			rule = "O10"
		}
		for _, text := range texts {
			r.judged(rule)
			if secret.Value == "" || !strings.Contains(text.Body, secret.Value) {
				continue
			}
			if (secret.Origin != "" && text.Origin == secret.Origin) || (secret.Viewer != "" && text.Viewer == secret.Viewer) {
				continue
			}
			r.broken(rule, 0, text.Where, "holds %s", secret.Name)
		}
	}
	return r
}

// Add joins judgements of one history.
func Add(reports ...Report) Report {
	var all Report
	for _, r := range reports {
		all.add(r)
	}
	return all
}
