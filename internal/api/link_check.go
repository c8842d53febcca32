package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// TestStep is one step of the connection test, as it ended.
type TestStep struct {
	Name           string            `json:"name"`
	Outcome        string            `json:"outcome" enum:"passed,limited,failed,skipped"`
	Code           string            `json:"code"`
	Params         map[string]string `json:"params"`
	Detail         string            `json:"detail" doc:"How it ended and what to do about it, in the caller's language."`
	Evidence       []Exchange        `json:"evidence" nullable:"false"`
	DurationMillis int64             `json:"duration_millis"`
}

// Exchange is one request of a step and its answer, without credentials and calendar text.
type Exchange struct {
	Asked    string `json:"asked"`
	Answered string `json:"answered"`
}

// Verdict is the end of a connection test.
type Verdict struct {
	Outcome     string            `json:"outcome" enum:"works,works_with_a_limit,does_not_work"`
	Code        string            `json:"code" doc:"What limits it or does not work; empty when it works."`
	Field       string            `json:"field" doc:"The input to correct."`
	Params      map[string]string `json:"params"`
	Detail      string            `json:"detail"`
	Steps       []TestStep        `json:"steps" nullable:"false"`
	Calendars   []FoundCalendar   `json:"calendars" nullable:"false"`
	Calendar    *FoundCalendar    `json:"calendar,omitempty" doc:"The one that the test looked at."`
	NoSyncToken bool              `json:"no_sync_token"`
	Traits      []string          `json:"traits" nullable:"false"`
}

// FoundCalendar is a calendar of the server.
type FoundCalendar struct {
	Href     string `json:"href"`
	Name     string `json:"name"`
	ReadOnly bool   `json:"read_only"`
	Foreign  bool   `json:"foreign" doc:"Its owner is somebody else."`
	NoEvents bool   `json:"no_events" doc:"It takes no events."`
}

func (c *call) testLink(*struct{}) (func(huma.Context), error) {
	typed, err := c.linkInput()
	if err != nil {
		return nil, err
	}
	return c.tested(func(report func(service.TestStep)) (service.Verdict, error) {
		return c.service.TestLink(c.ctx(), c.caller, typed, report)
	})
}

func (c *call) testSavedLink(in *LinkPath) (func(huma.Context), error) {
	id, err := pathID[crm.Link](in.ID)
	if err != nil {
		return nil, err
	}
	return c.tested(func(report func(service.TestStep)) (service.Verdict, error) {
		return c.service.TestSavedLink(c.ctx(), c.caller, id, report)
	})
}

// tested runs a test and answers with its verdict; who accepts text/event-stream hears of each step as it ends.
func (c *call) tested(run func(report func(service.TestStep)) (service.Verdict, error)) (func(huma.Context), error) {
	c.patient()
	if !strings.Contains(c.request.Header.Get("Accept"), "text/event-stream") {
		verdict, err := run(func(service.TestStep) {})
		return func(huma.Context) {
			c.writer.Header().Set("Content-Type", "application/json")
			json.NewEncoder(c.writer).Encode(c.verdict(verdict)) // nobody is left to hear of an error
		}, err
	}
	stream := &eventStream{writer: c.writer}
	verdict, err := run(func(step service.TestStep) { stream.send("step", c.step(step)) })
	switch {
	case err != nil && !stream.begun:
		return nil, err
	case err != nil:
		stream.send("problem", c.problem(err).in(c.language))
	default:
		stream.send("verdict", c.verdict(verdict))
	}
	return func(huma.Context) {}, nil
}

// eventStream writes server-sent events (HTML Living Standard, section 9.2), each with one JSON value.
type eventStream struct {
	writer http.ResponseWriter
	begun  bool
}

func (s *eventStream) send(event string, value any) {
	if !s.begun {
		s.begun = true
		s.writer.Header().Set("Content-Type", "text/event-stream")
		s.writer.Header().Set("X-Accel-Buffering", "no") // nginx would keep the steps until the end
		s.writer.WriteHeader(http.StatusOK)
	}
	data, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("api: %T has no JSON: %v", value, err))
	}
	// Who hung up is told nothing any more; the test ends by the request's context.
	fmt.Fprintf(s.writer, "event: %s\ndata: %s\n\n", event, data)
	_ = http.NewResponseController(s.writer).Flush()
}

func (c *call) step(step service.TestStep) TestStep {
	return TestStep{
		Name: step.Name, Outcome: string(step.Outcome), Code: step.Code, Params: params(step.Params), Detail: c.say(step.Code, step.Params),
		Evidence:       views(step.Evidence, func(e service.Exchange) Exchange { return Exchange{e.Asked, e.Answered} }),
		DurationMillis: step.Duration.Milliseconds(),
	}
}

func (c *call) verdict(verdict service.Verdict) Verdict {
	shown := Verdict{
		Outcome: string(verdict.Outcome), Code: verdict.Code, Field: verdict.Field, Params: params(verdict.Params), Detail: c.say(verdict.Code, verdict.Params),
		Steps: views(verdict.Steps, c.step), Calendars: views(verdict.Calendars, foundCalendar), NoSyncToken: verdict.NoSyncToken,
		Traits: texts(verdict.Traits.All()),
	}
	if verdict.Calendar.Href != "" {
		looked := foundCalendar(verdict.Calendar)
		shown.Calendar = &looked
	}
	return shown
}

func foundCalendar(found service.FoundCalendar) FoundCalendar {
	return FoundCalendar{found.Href, found.Name, found.ReadOnly, found.Foreign, found.NoEvents}
}
