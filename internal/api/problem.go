package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"agendaonline/internal/auth"
	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

// Problem is an answer that says what is wrong (RFC 9457). It is an error of this package too, its sentences filled in when
// it is written.
type Problem struct {
	Title  string            `json:"title" doc:"The words of the HTTP status, in English."`
	Status int               `json:"status" doc:"The HTTP status."`
	Code   string            `json:"code" doc:"What is wrong, as a stable code; api.invalid where errors says it field by field."`
	Params map[string]string `json:"params" doc:"The figures and names of the sentence."`
	Detail string            `json:"detail" doc:"What is wrong and what to do next, in the caller's language."`
	Errors []FieldProblem    `json:"errors,omitempty" nullable:"false" doc:"Everything that is wrong with the input, at once."`

	Version int64 `json:"version,omitempty" doc:"With 412: the version of the row as it is now."`
	Current any   `json:"current,omitempty" doc:"With 412: the row as it is now, as far as the caller may see it."`

	headers http.Header
	cause   error // what is logged of a 500
}

// FieldProblem is what is wrong with one field, parameter or header.
type FieldProblem struct {
	Field  string            `json:"field" doc:"The field as it is named in the body, or the parameter; empty when it is about the whole."`
	Code   string            `json:"code"`
	Params map[string]string `json:"params"`
	Detail string            `json:"detail"`
}

// problem makes a Problem from pairs of parameter name and value.
func problem(status int, code string, pairs ...string) *Problem {
	made := crm.NewProblem(code, "", pairs...)
	return &Problem{Status: status, Code: made.Code, Params: made.Params}
}

// Error names the code.
func (p *Problem) Error() string { return "problem " + strconv.Itoa(p.Status) + ": " + p.Code }

// GetStatus is the status of the answer.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are the headers of the answer.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType is application/problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// in fills the sentences of a Problem in a language.
func (p *Problem) in(language crm.Language) *Problem {
	said := *p
	said.Title = http.StatusText(p.Status)
	said.Params = params(p.Params)
	said.Detail = i18n.T(language, p.Code, p.Params)
	said.Errors = views(p.Errors, func(e FieldProblem) FieldProblem {
		e.Detail, e.Params = i18n.T(language, e.Code, e.Params), params(e.Params)
		return e
	})
	return &said
}

// problemOf is an error of service as an answer. One that is none of its own is a fault of the program: the answer says no
// more than that, the log says what.
func problemOf(err error, show func(current any) any) *Problem {
	var made *Problem
	var wrong crm.Problems
	var forbidden *service.Forbidden
	var moved *service.VersionError
	var throttled *auth.Throttled
	switch {
	case errors.As(err, &made):
		return made
	case errors.As(err, &wrong):
		return invalid(wrong)
	case errors.As(err, &forbidden):
		return &Problem{Status: http.StatusForbidden, Code: forbidden.Code, Params: forbidden.Params}
	case errors.As(err, &moved):
		changed := problem(http.StatusPreconditionFailed, codeChanged)
		changed.Version, changed.Current = moved.Version, show(moved.Current)
		changed.headers = http.Header{"ETag": {etag(moved.Version)}}
		return changed
	case errors.Is(err, service.ErrNotFound):
		return problem(http.StatusNotFound, codeNotFound)
	case errors.Is(err, service.ErrAnswerKey):
		return problem(http.StatusUnprocessableEntity, codeKeyReused)
	case errors.As(err, &throttled):
		seconds := strconv.Itoa(int(math.Ceil(throttled.RetryAfter.Seconds())))
		slower := problem(http.StatusTooManyRequests, codeThrottled, "seconds", seconds)
		slower.headers = http.Header{"Retry-After": {seconds}}
		return slower
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return problem(http.StatusServiceUnavailable, codeTimeout)
	}
	fault := problem(http.StatusInternalServerError, codeInternal)
	fault.cause = err
	return fault
}

// invalid is bad input. A single problem that no field can mend is about how things stand, not about the input.
func invalid(wrong crm.Problems) *Problem {
	if len(wrong) == 1 && wrong[0].Field == "" {
		return &Problem{Status: http.StatusConflict, Code: wrong[0].Code, Params: wrong[0].Params}
	}
	made := problem(http.StatusUnprocessableEntity, codeInvalid, "count", strconv.Itoa(len(wrong)))
	for _, one := range wrong {
		made.Errors = append(made.Errors, FieldProblem{Field: one.Field, Code: one.Code, Params: one.Params})
	}
	return made
}

// fromHuma tells what huma found wrong with a request in our words. It looks at where, never at huma's sentences.
func fromHuma(model *huma.ErrorModel) *Problem {
	if model.Status != http.StatusUnprocessableEntity || len(model.Errors) == 0 {
		return problem(model.Status, codeParameter)
	}
	var wrong crm.Problems
	for _, detail := range model.Errors {
		place, name, _ := strings.Cut(detail.Location, ".")
		code := codeParameter
		if place == "query" && detail.Message == "unknown query parameter" {
			code = codeUnknownParam
		}
		wrong = append(wrong, crm.NewProblem(code, shortened(name)))
	}
	return invalid(wrong[:min(len(wrong), maxProblems)])
}
