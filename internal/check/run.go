package check

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"agendaonline/internal/caldav"
	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
)

// run is one test while it runs. Its steps leave here what the later ones need.
type run struct {
	tester  *Tester
	request Request
	report  func(Step)
	verdict Verdict
	stopped Code // why the steps that follow are not tried; "" while they are

	typed      caldav.Address
	candidates []caldav.Candidate
	elsewhere  []caldav.Candidate // where DNS points to outside of the domain
	transport  Transport          // the tester's, or the one with the request's own certificate and authorities
	client     *caldav.Client
	password   *caldav.Password // nil when the request brought credentials of its own
	located    caldav.Located
	refused    error // why discovery found something that could not be entered
	chosen     dav.Calendar
	collection *caldav.Collection
	listed     listing
	written    writing

	mu        sync.Mutex // the client may observe from several goroutines
	exchanges []dav.Exchange
	skew      *skew
}

// result is how a step ended.
type result struct {
	outcome Outcome
	code    Code
	params  map[string]string
	stops   Code // what the following steps say, "" when they are tried
}

func ended(outcome Outcome, code Code, pairs ...any) result {
	params := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		params[pairs[i].(string)] = fmt.Sprint(pairs[i+1])
	}
	return result{outcome: outcome, code: code, params: params}
}

func passed(code Code, pairs ...any) result  { return ended(Passed, code, pairs...) }
func limited(code Code, pairs ...any) result { return ended(Limited, code, pairs...) }
func skipped(code Code, pairs ...any) result { return ended(Skipped, code, pairs...) }

// failed is a failure after which the following steps are not tried.
func failed(code Code, pairs ...any) result {
	r := ended(Failed, code, pairs...)
	r.stops = CodeNotTried
	return r
}

// on lets the following steps be tried after a failure.
func (r result) on() result { r.stops = ""; return r }

// step runs one step and reports it.
func (r *run) step(ctx context.Context, name string, do func(context.Context) result) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	began := r.tester.config.Now()
	r.mu.Lock()
	r.exchanges = nil
	r.mu.Unlock()
	how := skipped(r.stopped)
	if r.stopped == "" || name == StepClock && r.skew != nil {
		how = do(ctx)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if how.stops != "" && r.stopped == "" {
		r.stopped = how.stops
	}
	step := Step{Name: name, Outcome: how.outcome, Code: how.code, Params: how.params, Evidence: r.evidence()}
	if how.outcome != Skipped {
		step.Duration = r.tester.config.Now().Sub(began)
	}
	r.verdict.Steps = append(r.verdict.Steps, step)
	r.report(step)
	return nil
}

// end is the verdict over all steps: the first failure, else the limit that matters most.
func (r *run) end() Verdict {
	v := r.verdict
	v.Outcome = Works
	rank := len(limitsByWeight)
	for _, step := range v.Steps {
		switch {
		case step.Outcome == Failed && v.Outcome != DoesNotWork:
			v.Outcome, v.Code, v.Params = DoesNotWork, step.Code, step.Params
		case step.Outcome == Limited && v.Outcome != DoesNotWork:
			if weight := weightOf(step.Code); v.Outcome == Works || weight < rank {
				v.Outcome, v.Code, v.Params, rank = WorksLimited, step.Code, step.Params, weight
			}
		}
	}
	v.Field = fields[v.Code]
	if r.collection != nil {
		for _, trait := range r.collection.Traits().All() {
			evidence, _ := r.collection.Traits().Evidence(trait)
			v.Traits = v.Traits.With(trait, evidence)
		}
	}
	return v
}

// observe keeps what the client did.
func (r *run) observe(exchange dav.Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exchanges = append(r.exchanges, exchange)
	r.measure(exchange)
}

// learn keeps a trait with its evidence.
func (r *run) learn(trait dav.Trait, seen string, arguments ...any) {
	r.verdict.Traits = r.verdict.Traits.With(trait, dav.Evidence{At: r.tester.config.Now().UTC(), Seen: fmt.Sprintf(seen, arguments...)})
}

const maxEvidence = 30

// evidence is what the step's requests were and what came back.
func (r *run) evidence() []Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []Exchange
	for _, exchange := range r.exchanges[:min(len(r.exchanges), maxEvidence)] {
		list = append(list, shownExchange(exchange))
	}
	return list
}

func shownExchange(exchange dav.Exchange) Exchange {
	asked := []string{exchange.Method}
	if exchange.Report != "" {
		asked = append(asked, exchange.Report)
	}
	asked = append(asked, string(exchange.Href))
	if exchange.Depth != "" {
		asked = append(asked, "(Depth: "+exchange.Depth+")")
	}
	var answered strings.Builder
	if exchange.Status != 0 {
		fmt.Fprintf(&answered, "%d", exchange.Status)
	}
	if exchange.Location != "" {
		answered.WriteString(" -> " + exchange.Location)
	}
	if exchange.Failed != "" {
		fmt.Fprintf(&answered, " (%s)", exchange.Failed)
	}
	for _, fact := range exchange.Found {
		answered.WriteString("\n" + fact)
	}
	return Exchange{Asked: strings.Join(asked, " "), Answered: strings.TrimSpace(answered.String())}
}

// noted adds evidence that is no request.
func (r *run) noted(exchange dav.Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exchanges = append(r.exchanges, exchange)
}

// host is whom the test talks to, for sentences.
func (r *run) host() string {
	if r.located.Href != "" {
		if origin := originOf(r.located.Href); origin != "" {
			return origin.Host()
		}
	}
	if r.typed.URL != nil {
		return r.typed.URL.Host
	}
	return r.request.Address
}

func originOf(href dav.Href) outbound.Origin {
	target, err := href.Resolve(&nowhere)
	if err != nil {
		return ""
	}
	origin, err := outbound.OriginOf(target)
	if err != nil {
		return ""
	}
	return origin
}

const dayFormat = time.DateOnly
