package crm

import (
	"maps"
	"slices"
	"strings"
)

// Problem is bad input: what a person can correct. Code is stable and the key of the sentence in the three languages;
// Params fill its places; Field names the field as semantics 1 does, "" when it is about the whole.
type Problem struct {
	Code   string
	Field  string
	Params map[string]string
}

// NewProblem makes a Problem from pairs of parameter name and value.
func NewProblem(code, field string, pairs ...string) *Problem {
	problem := &Problem{Code: code, Field: field}
	for i := 0; i+1 < len(pairs); i += 2 {
		if problem.Params == nil {
			problem.Params = map[string]string{}
		}
		problem.Params[pairs[i]] = pairs[i+1]
	}
	return problem
}

func (p *Problem) Error() string {
	var text strings.Builder
	text.WriteString(p.Code)
	if p.Field != "" {
		text.WriteString(" on " + p.Field)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Params)) {
		text.WriteString(" " + name + "=" + p.Params[name])
	}
	return text.String()
}

// Problems is all that is wrong with one input, reported at once.
type Problems []*Problem

func (p Problems) Error() string {
	texts := make([]string, len(p))
	for i, problem := range p {
		texts[i] = problem.Error()
	}
	return strings.Join(texts, "; ")
}
