package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"agendaonline/internal/caldav"
	"agendaonline/internal/oauth"
	"agendaonline/internal/outbound"
	"agendaonline/internal/service"
)

// appPasswords fetches passwords by Nextcloud's login flow v2 (Nextcloud 16 and later; seen with 25 and 32).
type appPasswords struct {
	way func(service.LinkTLS) (http.RoundTripper, error)
}

func (a appPasswords) client(own service.LinkTLS) (*http.Client, error) {
	way, err := a.way(own)
	if err != nil {
		return nil, trustFailure(err)
	}
	return &http.Client{
		Transport: way, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// What goes wrong with fetching a password.
const (
	codeNoLoginFlow      = "app_password.not_offered"
	codeLoginFlowAway    = "app_password.unreachable"
	maxLoginFlow         = 64 << 10 // bytes of an answer
	loginFlowPath        = "/index.php/login/v2"
	loginFlowAddressPart = "/remote.php/"
)

// loginFlow is where the password is fetched when it was allowed. It is kept as JSON.
type loginFlow struct {
	Token    string `json:"token"`
	Endpoint string `json:"endpoint"`
}

// Ask implements service.AppPasswords. Whatever the server answers leads nowhere but to the server itself.
func (a appPasswords) Ask(ctx context.Context, typed string, own service.LinkTLS) (page string, question []byte, err error) {
	address, err := caldav.ParseAddress(typed)
	if err != nil || address.Email != "" {
		return "", nil, &service.GrantFailure{Code: codeNoLoginFlow, Field: "address"}
	}
	base := *address.URL
	base.Path, _, _ = strings.Cut(base.Path, loginFlowAddressPart)
	base.Path, base.RawPath = strings.TrimSuffix(base.Path, "/")+loginFlowPath, ""
	var answer struct {
		Poll  loginFlow `json:"poll"`
		Login string    `json:"login"`
	}
	if _, err := a.post(ctx, own, base.String(), nil, &answer); err != nil {
		return "", nil, err
	}
	if answer.Poll.Token == "" || !sameOrigin(&base, answer.Login) || !sameOrigin(&base, answer.Poll.Endpoint) {
		return "", nil, &service.GrantFailure{Code: codeNoLoginFlow, Field: "address"}
	}
	question, err = json.Marshal(answer.Poll)
	return answer.Login, question, err
}

func sameOrigin(base *url.URL, address string) bool {
	other, err := url.Parse(address)
	if err != nil || other.User != nil {
		return false
	}
	one, err1 := outbound.OriginOf(base)
	two, err2 := outbound.OriginOf(other)
	return err1 == nil && err2 == nil && one == two
}

// Take implements service.AppPasswords.
func (a appPasswords) Take(ctx context.Context, question []byte, own service.LinkTLS) (username, password string, ok bool, err error) {
	var flow loginFlow
	if err := json.Unmarshal(question, &flow); err != nil {
		return "", "", false, errors.New("the pending question cannot be read")
	}
	var answer struct {
		LoginName   string `json:"loginName"`
		AppPassword string `json:"appPassword"`
	}
	status, err := a.post(ctx, own, flow.Endpoint, url.Values{"token": {flow.Token}}, &answer)
	if status == http.StatusNotFound {
		return "", "", false, nil
	}
	return answer.LoginName, answer.AppPassword, err == nil && answer.AppPassword != "", err
}

// post sends a form and reads the JSON of an answer that is 200. Its errors hold nothing of either.
func (a appPasswords) post(ctx context.Context, own service.LinkTLS, address string, form url.Values, into any) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, &service.GrantFailure{Code: codeNoLoginFlow, Field: "address"}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("User-Agent", "Agenda Online") // the name that Nextcloud shows for the password
	client, err := a.client(own)
	if err != nil {
		return 0, err
	}
	answer, err := client.Do(request)
	if err != nil {
		failure := &service.GrantFailure{Code: codeLoginFlowAway, Field: "address", Temporary: true}
		if refused, is := errors.AsType[*outbound.Refused](err); is {
			failure.Code, failure.Temporary = "oauth.not_allowed", false
			failure.Params = map[string]string{"host": refused.Host, "setting": refused.Setting(), "entry": refused.Entry()}
		}
		if _, is := errors.AsType[*tls.CertificateVerificationError](err); is {
			failure.Code, failure.Temporary, failure.Params = "oauth."+string(oauth.Untrusted), false, map[string]string{"host": request.URL.Hostname()}
		}
		return 0, failure
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(answer.Body, maxLoginFlow)).Decode(into) != nil {
		return answer.StatusCode, &service.GrantFailure{Code: codeNoLoginFlow, Field: "address"}
	}
	return answer.StatusCode, nil
}
