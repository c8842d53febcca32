package sandbox

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkSync is a first report with the data of all members over loopback, its answer read to the end.
func BenchmarkSync(b *testing.B) {
	for _, size := range []int{10_000, 100_000} {
		for _, encoding := range []string{"identity", "gzip"} {
			b.Run(fmt.Sprintf("events=%d/%s", size, encoding), func(b *testing.B) {
				server, client := newServer(b, Options{})
				fillCalendar(b, server, size, 650)
				listener := httptest.NewServer(server)
				defer listener.Close()
				bytes := int64(0)
				for b.Loop() {
					request, err := http.NewRequestWithContext(b.Context(), "REPORT", listener.URL+home, strings.NewReader(syncBody("", "<getetag/><C:calendar-data/>", "")))
					if err != nil {
						b.Fatal(err)
					}
					request.SetBasicAuth(client.user.Name, client.user.Password)
					request.Header.Set("Accept-Encoding", encoding)
					response, err := http.DefaultClient.Do(request)
					if err != nil {
						b.Fatal(err)
					}
					bytes, err = io.Copy(io.Discard, response.Body)
					if err != nil {
						b.Fatal(err)
					}
					response.Body.Close()
				}
				b.ReportMetric(float64(bytes), "bytes")
			})
		}
	}
}

// BenchmarkPut is one changed event in a calendar of many, in memory.
func BenchmarkPut(b *testing.B) {
	server, client := newServer(b, Options{})
	fillCalendar(b, server, 10_000, 650)
	i := 0
	for b.Loop() {
		i++
		client.do("PUT", fmt.Sprintf("%se%d.ics", home, i%10_000), event(fmt.Sprintf("u%d", i%10_000), fmt.Sprint(i)))
	}
}
