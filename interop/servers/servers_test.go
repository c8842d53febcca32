package servers

import (
	"net/http"
	"strings"
	"testing"
)

func propfind(t *testing.T, server *Server) (int, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "PROPFIND", server.Calendar, strings.NewReader(`<D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/></D:prop></D:propfind>`))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(server.Username, server.Password)
	request.Header.Set("Depth", "0")
	request.Header.Set("Content-Type", "application/xml; charset=utf-8")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}

func TestStart_each_server_answers_and_stops(t *testing.T) {
	t.Parallel()
	for _, name := range All {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			server := Start(t, name)
			if status, err := propfind(t, server); err != nil || status != http.StatusMultiStatus {
				t.Fatalf("got status %d %v at %s, want 207", status, err, server.Calendar)
			}
			server.Stop()
			if status, err := propfind(t, server); err == nil {
				t.Errorf("got status %d after the stop, want no answer", status)
			}
			server.Again()
			if status, err := propfind(t, server); err != nil || status != http.StatusMultiStatus {
				t.Errorf("got status %d %v after starting again, want 207", status, err)
			}
		})
	}
}
