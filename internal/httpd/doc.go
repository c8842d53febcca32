// Package httpd is how requests come in: listener, TLS, limits, request ids, the client's address behind named proxies, the
// access log, metrics, health, and where pages and API are mounted. It knows neither.
//
//	connection ─► limits ─► client address ─► request id ─► access log, metrics ─► recovery ─┬─ /healthz /readyz /metrics
//	                                                                                         ├─ /api/  Config.API
//	                                                                                         └─ /      Config.Web
//
// There is no limit on how long an answer takes, so that a page can stay open and hear of changes; there is one on how long
// the client takes to send a request, and to take each piece of an answer.
package httpd
