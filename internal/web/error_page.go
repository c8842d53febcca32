package web

import (
	"context"
	"errors"
	"net/http"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

// errorPage says what happened and what to do next.
type errorPage struct {
	frame
	Heading   string
	Sentences []string
	RequestID string // "" but for trouble of the program itself
}

func (errorPage) view() string { return "error" }

// explain answers with the page for an error.
func (s *site) explain(w http.ResponseWriter, r *request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // nobody reads the answer
	}
	status, p := s.errorPage(r, err)
	if status == http.StatusInternalServerError {
		p.RequestID = w.Header().Get("X-Request-Id")
		s.Log.ErrorContext(r.Context(), "answer a request", "method", r.Method, "path", r.URL.Path, "request", p.RequestID, "error", err)
	}
	if framed, frameErr := s.frame(r, "", p.Heading); frameErr == nil {
		p.frame = framed
	} else {
		p.frame = frame{words: r.words, Title: p.Heading}
	}
	if renderErr := s.render(w, status, p); renderErr != nil {
		s.Log.ErrorContext(r.Context(), "show the page of an error", "path", r.URL.Path, "error", renderErr)
		http.Error(w, p.Heading, status)
	}
}

// errorPage is the status and the words for an error.
func (s *site) errorPage(r *request, err error) (int, errorPage) {
	say := func(status int, key string, sentences ...string) (int, errorPage) {
		if len(sentences) == 0 {
			sentences = []string{r.T("error." + key + "_more")}
		}
		return status, errorPage{Heading: r.T("error." + key), Sentences: sentences}
	}
	if forbidden, is := errors.AsType[*service.Forbidden](err); is {
		return say(http.StatusForbidden, "forbidden", i18n.T(r.Lang, forbidden.Code, forbidden.Params))
	}
	if problems, is := errors.AsType[crm.Problems](err); is {
		return say(http.StatusUnprocessableEntity, "problems", r.sentences(problems)...)
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return say(http.StatusRequestEntityTooLarge, "too_large")
	}
	switch {
	case errors.Is(err, errNoPage), errors.Is(err, service.ErrNotFound):
		return say(http.StatusNotFound, "not_found")
	case errors.Is(err, errOtherOrigin):
		return say(http.StatusForbidden, "other_origin")
	case errors.Is(err, service.ErrVersion):
		return say(http.StatusConflict, "changed_elsewhere")
	case errors.Is(err, errBadForm):
		return say(http.StatusBadRequest, "bad_form")
	}
	return say(http.StatusInternalServerError, "internal")
}

// errBadForm says that a form cannot be read at all: no browser sends such a one.
var errBadForm = errors.New("the form cannot be read")

func (w words) sentences(problems crm.Problems) []string {
	sentences := make([]string, len(problems))
	for i, problem := range problems {
		sentences[i] = w.Problem(problem)
	}
	return sentences
}
