package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// call is one request of somebody who is known.
type call struct {
	api      *API
	request  *http.Request
	writer   http.ResponseWriter
	service  *service.Service // that of one transaction where the request has an Idempotency-Key
	caller   service.Caller
	language crm.Language
	body     []byte
}

type callKey struct{}

// operation is a route as the table of routes has it.
type operation struct {
	id        string
	method    string
	path      string
	summary   string
	tag       string
	body      any  // a value of the type of the body, nil for none
	bare      bool // the body may be left out
	status    int  // of a success, 200 if 0
	versioned bool // it answers with a row and its version
	verdict   bool // it answers with a Verdict, or with its steps as they end
}

// reply is a success.
type reply[Out any] struct {
	version  int64  // the ETag, of an operation that is versioned
	location string // below Prefix
	body     Out
}

// answer is a success as huma writes it.
type answer[Out any] struct {
	ETag     string `header:"ETag" doc:"The version of the row, for If-Match."`
	Location string `header:"Location" doc:"Where what was made lies."`
	Replayed string `header:"Idempotency-Replayed" doc:"true when this is the answer of the first request with that key."`
	Body     Out
}

// bare is a success without a body.
type bare struct {
	ETag     string `header:"ETag"`
	Replayed string `header:"Idempotency-Replayed"`
}

// Keyed is a POST that may carry a key.
type Keyed struct {
	IdempotencyKey string `header:"Idempotency-Key" doc:"1 to 200 printable characters of the caller's choice. Sent again with the same key and body, the request is answered as the first time."`
}

func (k Keyed) key() string { return k.IdempotencyKey }

// Conditional is a change of one version.
type Conditional struct {
	IfMatch string `header:"If-Match" doc:"The ETag that was read. Required: 428 without it, 412 when the row has changed since."`
}

// noVersion is what no row has.
const noVersion = -1

// version is the one that If-Match names (RFC 9110 section 13.1.1). A weak one matches none; "*" names none.
func (c Conditional) version() (int64, error) {
	text := strings.TrimSpace(c.IfMatch)
	if text == "" || text == "*" {
		return 0, problem(http.StatusPreconditionRequired, codeIfMatchMissing)
	}
	if strings.HasPrefix(text, "W/") {
		return noVersion, nil
	}
	inside, opens := strings.CutPrefix(text, `"`)
	inside, closes := strings.CutSuffix(inside, `"`)
	version, err := strconv.ParseInt(inside, 10, 64)
	if !opens || !closes || err != nil || version < 0 || strconv.FormatInt(version, 10) != inside {
		return 0, problem(http.StatusBadRequest, codeIfMatch)
	}
	return version, nil
}

func etag(version int64) string {
	return `"` + strconv.FormatInt(version, 10) + `"`
}

// route adds an operation that answers with a body.
func route[In, Out any](a *API, op operation, handle func(*call, *In) (reply[Out], error)) {
	_, op.versioned = reflect.TypeFor[Out]().FieldByName("Version")
	register(a, op, func(ctx context.Context, in *In) (*answer[Out], error) {
		c := callOf(ctx)
		var given reply[Out]
		replayed, err := c.carryOut(op, in, func() (stored, error) {
			var err error
			if given, err = handle(c, in); err != nil {
				return stored{}, err
			}
			body, err := json.Marshal(given.body)
			return stored{given.version, given.location, body}, err
		}, func(kept stored) error {
			given = reply[Out]{version: kept.Version, location: kept.Location}
			return json.Unmarshal(kept.Body, &given.body)
		})
		if err != nil {
			return nil, c.problem(err)
		}
		out := &answer[Out]{Replayed: replayed, Body: given.body}
		if op.versioned {
			out.ETag = etag(given.version)
		}
		if given.location != "" {
			out.Location = Prefix + given.location
		}
		return out, nil
	})
}

// silent adds an operation that answers without a body.
func silent[In any](a *API, op operation, handle func(*call, *In) error) {
	if op.status == 0 {
		op.status = http.StatusNoContent
	}
	register(a, op, func(ctx context.Context, in *In) (*bare, error) {
		c := callOf(ctx)
		replayed, err := c.carryOut(op, in, func() (stored, error) { return stored{Body: []byte("null")}, handle(c, in) }, func(stored) error { return nil })
		if err != nil {
			return nil, c.problem(err)
		}
		return &bare{Replayed: replayed}, nil
	})
}

// spoken is a success that the handler writes itself.
type spoken struct{ Body func(huma.Context) }

// streaming adds an operation that answers with a connection test: with its Verdict, or with each step as it ends.
func streaming[In any](a *API, op operation, handle func(*call, *In) (func(huma.Context), error)) {
	op.verdict = true
	register(a, op, func(ctx context.Context, in *In) (*spoken, error) {
		c := callOf(ctx)
		if err := c.read(op); err != nil {
			return nil, c.problem(err)
		}
		say, err := handle(c, in)
		if err != nil {
			return nil, c.problem(err)
		}
		return &spoken{say}, nil
	})
}

func register[In, Out any](a *API, op operation, handle func(context.Context, *In) (*Out, error)) {
	schemas := a.huma.OpenAPI().Components.Schemas
	described := huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Summary: op.summary, Tags: []string{op.tag}, DefaultStatus: op.status,
		Responses: map[string]*huma.Response{"default": {
			Description: "A problem",
			Content: map[string]*huma.MediaType{"application/problem+json": {
				Schema: schemas.Schema(reflect.TypeFor[Problem](), true, ""),
			}},
		}},
	}
	if op.verdict {
		described.Responses["200"] = &huma.Response{
			Description: "The verdict; with Accept: text/event-stream an event step for each TestStep as it ends, then verdict.",
			Content: map[string]*huma.MediaType{
				"application/json":  {Schema: schemas.Schema(reflect.TypeFor[Verdict](), true, "")},
				"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
			},
		}
	}
	huma.Register(a.huma, described, handle)
	item := a.huma.OpenAPI().Paths[op.path]
	added := map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
	}[op.method]
	for _, parameter := range added.Parameters {
		if parameter.In == "path" { // said here only: what is no id is not found, where huma would call it invalid
			parameter.Schema = &huma.Schema{Type: huma.TypeString, Format: "uuid"}
		}
	}
	for _, response := range added.Responses {
		if op.status != http.StatusCreated {
			delete(response.Headers, "Location")
		}
		if !op.versioned {
			delete(response.Headers, "ETag")
		}
		if _, keyed := any(new(In)).(interface{ key() string }); !keyed {
			delete(response.Headers, "Idempotency-Replayed")
		}
	}
	if op.body == nil {
		return
	}
	// Given afterwards, so that huma leaves the reading to call.read, which is stricter and says what is wrong in three languages.
	schema := &huma.MediaType{Schema: schemas.Schema(reflect.TypeOf(op.body), true, "")}
	added.RequestBody = &huma.RequestBody{Required: !op.bare, Content: map[string]*huma.MediaType{"application/json": schema}}
	if op.method == http.MethodPatch {
		added.RequestBody.Content["application/merge-patch+json"] = schema
	}
}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// carryOut reads the body and does what is asked for: once, where the request has a key.
func (c *call) carryOut(op operation, in any, do func() (stored, error), again func(stored) error) (replayed string, err error) {
	if err := c.read(op); err != nil {
		return "", err
	}
	keyed, mayHaveKey := in.(interface{ key() string })
	if !mayHaveKey || keyed.key() == "" {
		_, err := do()
		return "", err
	}
	return c.once(keyed.key(), op, do, again)
}

// problem is an error of an operation as its answer.
func (c *call) problem(err error) *Problem {
	made := problemOf(err, c.show)
	c.api.logged(c.request.Context(), c.request.Method, c.request.Pattern, made)
	return made
}

// ctx is the context of the request.
func (c *call) ctx() context.Context { return c.request.Context() }

// read reads the body, bounded, where the operation has one, and refuses one where it has none.
func (c *call) read(op operation) error {
	reader := http.MaxBytesReader(c.writer, c.request.Body, maxBodyBytes)
	defer reader.Close()
	body, err := io.ReadAll(reader)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return problem(http.StatusRequestEntityTooLarge, codeTooLarge, "max", strconv.Itoa(maxBodyBytes/1024))
	case err != nil:
		return problem(http.StatusBadRequest, codeBodyUnread)
	case op.body == nil && len(body) > 0:
		return problem(http.StatusBadRequest, codeBodyUnwanted)
	case op.body == nil, op.bare && len(body) == 0:
		return nil
	case len(body) == 0:
		return problem(http.StatusBadRequest, codeBodyMissing)
	}
	kind, _, err := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" && kind != "application/merge-patch+json" {
		return problem(http.StatusUnsupportedMediaType, codeMediaType)
	}
	c.body = body
	return nil
}

// decode reads the body over what into points to (RFC 7396: a field that is left out stays). Without a body nothing changes.
func (c *call) decode(into any) error {
	if len(c.body) == 0 {
		return nil
	}
	return parseJSON(c.body, into)
}

// id reads the id of a path. One that is none names nothing.
func pathID[Of any](text string) (crm.ID[Of], error) {
	id, err := crm.ParseID[Of](text)
	if err != nil || id.IsZero() {
		return id, service.ErrNotFound
	}
	return id, nil
}

// reading collects what is wrong with fields that are texts in JSON and more to service.
type reading struct{ problems crm.Problems }

func readID[Of any](r *reading, field string, text Optional) crm.ID[Of] {
	id, err := crm.ParseID[Of](string(text))
	if err != nil {
		r.problems = append(r.problems, crm.NewProblem(codeID, field))
	}
	return id
}

func (r *reading) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return r.problems
}
