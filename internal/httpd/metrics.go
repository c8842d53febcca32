package httpd

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics count requests by method and class of status only: a path, a user or a link as a label would grow without bound
// and tell who does what.
type metrics struct {
	running  prometheus.Gauge
	requests *prometheus.CounterVec
	seconds  prometheus.Histogram
}

func newMetrics(registry *prometheus.Registry) (*metrics, error) {
	m := &metrics{
		running:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "agenda_http_requests_running", Help: "Requests being answered."}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "agenda_http_requests_total", Help: "Requests answered."}, []string{"method", "status"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "agenda_http_request_seconds", Help: "How long answers took.", Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
	}
	for _, collector := range []prometheus.Collector{
		m.running, m.requests, m.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := registry.Register(collector); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) answered(method string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		method = "other" // a client can make up any
	}
	m.requests.WithLabelValues(method, strconv.Itoa(status/100)+"xx").Inc()
	m.seconds.Observe(took.Seconds())
}

func (m *metrics) handler(registry *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}
