package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// tourCRM does in the CRM what a person does, through its REST API.
type tourCRM struct {
	address string // of the program, without a closing slash
	token   string
	client  *http.Client
	// patience is how long a request is repeated while the program does not answer: it may be starting again.
	patience time.Duration
}

// tourAction is an action as the API gives it.
type tourAction struct {
	ID          string `json:"id"`
	Version     int64  `json:"version"`
	Subject     string `json:"subject"`
	Description string `json:"description"`
	StartDate   string `json:"start_date"`
	StartTime   string `json:"start_time"`
	EndDate     string `json:"end_date"`
	EndTime     string `json:"end_time"`
	TimeZone    string `json:"time_zone"`
	FollowedBy  string `json:"followed_by"`
	DeletedAt   string `json:"deleted_at"`
	Sync        struct {
		State  string `json:"state"`
		Reason string `json:"reason"`
		Detail string `json:"detail"`
	} `json:"sync"`
}

// tourLink is a link as the API gives it.
type tourLink struct {
	ID       string   `json:"id"`
	User     string   `json:"user"`
	Calendar string   `json:"calendar"`
	States   []string `json:"states"`
	Actions  int      `json:"actions"`
	SetAside int      `json:"set_aside"`
	Failing  struct {
		Detail string `json:"detail"`
	} `json:"failing"`
	FirstSyncedAt string `json:"first_synced_at"`
}

// apiProblem is a refusal, in words for a person.
type apiProblem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Errors []struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"errors"`
}

// codes are those of the fields.
func (p *apiProblem) codes() []string {
	var codes []string
	for _, one := range p.Errors {
		codes = append(codes, one.Code)
	}
	return codes
}

func (p *apiProblem) Error() string {
	words := []string{p.Detail}
	for _, one := range p.Errors {
		words = append(words, one.Detail)
	}
	return fmt.Sprintf("the CRM answers %d %s: %s", p.Status, p.Code, strings.Join(words, " "))
}

const tourPause = 10 * time.Millisecond

// do sends a request and reads the answer into out. While nothing answers it is repeated, with the same Idempotency-Key.
func (c *tourCRM) do(ctx context.Context, method, path string, version int64, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	key := rand.Text()
	for deadline := time.Now().Add(c.patience); ; {
		status, answer, err := c.once(ctx, method, path, version, key, body)
		var network *url.Error
		switch {
		case errors.As(err, &network) && ctx.Err() == nil && time.Now().Before(deadline):
			if err := wait(ctx, tourPause); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		case status/100 != 2:
			problem := &apiProblem{Status: status, Detail: http.StatusText(status)}
			if err := json.Unmarshal(answer, problem); err != nil {
				problem.Detail = http.StatusText(status)
			}
			return problem
		case out != nil:
			return json.Unmarshal(answer, out)
		}
		return nil
	}
}

func (c *tourCRM) once(ctx context.Context, method, path string, version int64, key string, body []byte) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.address+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if version > 0 {
		request.Header.Set("If-Match", strconv.Quote(strconv.FormatInt(version, 10)))
	}
	if method == http.MethodPost {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		// The connection ended within the answer, which is as good as none.
		return 0, nil, &url.Error{Op: method, URL: path, Err: err}
	}
	return response.StatusCode, answer, nil
}

// wait waits, and returns the error of ctx when that ends first.
func wait(ctx context.Context, long time.Duration) error {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (c *tourCRM) create(ctx context.Context, fields map[string]any) (tourAction, error) {
	var made tourAction
	return made, c.do(ctx, http.MethodPost, "/actions", 0, fields, &made)
}

func (c *tourCRM) get(ctx context.Context, id string) (tourAction, error) {
	var action tourAction
	return action, c.do(ctx, http.MethodGet, "/actions/"+id, 0, nil, &action)
}

// change changes fields of an action, whatever its version. Another's change in between is met by reading again, as is the
// own one whose answer was lost: saving what is there already changes nothing.
func (c *tourCRM) change(ctx context.Context, id string, fields map[string]any) (tourAction, error) {
	for {
		action, err := c.get(ctx, id)
		if err != nil {
			return action, err
		}
		err = c.do(ctx, http.MethodPatch, "/actions/"+id, action.Version, fields, &action)
		var problem *apiProblem
		if errors.As(err, &problem) && problem.Status == http.StatusPreconditionFailed {
			continue
		}
		return action, err
	}
}

// remove puts an action into the trash, whatever its version.
func (c *tourCRM) remove(ctx context.Context, id string) error {
	for {
		action, err := c.get(ctx, id)
		if err != nil || action.DeletedAt != "" {
			return err
		}
		err = c.do(ctx, http.MethodDelete, "/actions/"+id, action.Version, nil, nil)
		var problem *apiProblem
		if errors.As(err, &problem) && problem.Status == http.StatusPreconditionFailed {
			continue
		}
		return err
	}
}

// find are the actions that a search for text shows, in the trash or out of it.
func (c *tourCRM) find(ctx context.Context, text string, trash bool) ([]tourAction, error) {
	var page struct {
		Actions []tourAction `json:"actions"`
	}
	query := url.Values{"text": {text}, "trash": {strconv.FormatBool(trash)}}
	return page.Actions, c.do(ctx, http.MethodGet, "/actions?"+query.Encode(), 0, nil, &page)
}

// open says that the actions screen was opened, and waits for the pull that this starts.
func (c *tourCRM) open(ctx context.Context, follower string) error {
	return c.do(ctx, http.MethodPost, "/pulls", 0, map[string]any{"followed_by": []string{follower}, "wait_seconds": 30}, nil)
}

// link makes a link, after the connection test.
func (c *tourCRM) link(ctx context.Context, user, address, username, password string) (tourLink, error) {
	var made tourLink
	return made, c.do(ctx, http.MethodPost, "/links", 0, map[string]any{
		"user": user, "address": address, "username": username, "password": password, "plain_http": strings.HasPrefix(address, "http://"), "test_write": true,
	}, &made)
}

// links are those that the token's user may see.
func (c *tourCRM) links(ctx context.Context) ([]tourLink, error) {
	var all struct {
		Links []tourLink `json:"links"`
	}
	return all.Links, c.do(ctx, http.MethodGet, "/links", 0, nil, &all)
}

// sync starts a run of a link now.
func (c *tourCRM) sync(ctx context.Context, link string) error {
	return c.do(ctx, http.MethodPost, "/links/"+link+"/sync", 0, nil, nil)
}
