package oracle

import (
	"fmt"
	"strings"
)

// Violation is one rule broken once.
type Violation struct {
	Rule string // "S1" to "S7", "O1" to "O11"
	At   int    // number of the write or, at the end, 0
	Item string // the action or event, in words
	Text string
}

func (v Violation) String() string {
	where := "at rest"
	if v.At > 0 {
		where = fmt.Sprintf("write %d", v.At)
	}
	return fmt.Sprintf("%s %s, %s: %s", v.Rule, where, v.Item, v.Text)
}

// Report is a judgement.
type Report struct {
	Violations []Violation
	Judged     map[string]int // how often each rule was looked at
	Exempt     int            // edits lost inside one exchange with a server that honours no preconditions
	Unjudged   int            // resources of which only some rules are judged: recurring ones, times in a zone nobody knows
}

// Broken are the rules that were broken, each once, in order of first sight.
func (r *Report) Broken() []string {
	var rules []string
	seen := map[string]bool{}
	for _, v := range r.Violations {
		if !seen[v.Rule] {
			seen[v.Rule] = true
			rules = append(rules, v.Rule)
		}
	}
	return rules
}

func (r *Report) String() string {
	var b strings.Builder
	for _, v := range r.Violations {
		b.WriteString(v.String() + "\n")
	}
	return b.String()
}

func (r *Report) judged(rule string) {
	if r.Judged == nil {
		r.Judged = map[string]int{}
	}
	r.Judged[rule]++
}

func (r *Report) broken(rule string, at int, item, format string, values ...any) {
	r.Violations = append(r.Violations, Violation{rule, at, item, fmt.Sprintf(format, values...)})
}

// add puts another judgement's findings behind these.
func (r *Report) add(other Report) {
	r.Violations = append(r.Violations, other.Violations...)
	for rule, n := range other.Judged {
		if r.Judged == nil {
			r.Judged = map[string]int{}
		}
		r.Judged[rule] += n
	}
	r.Exempt += other.Exempt
	r.Unjudged += other.Unjudged
}
