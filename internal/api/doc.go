// Package api is the REST API under /api/v1: request and response types of its own, versioned routes, problems (RFC 9457),
// and the OpenAPI document that is generated from them. It decides nothing: what a caller may do and what makes sense is
// asked of service, and whatever a screen can do can be done here.
//
//	request
//	   |  bearer token -> who asks                       401
//	   |  path, query, headers                           404, 422, 428
//	   |  body: strict JSON, nothing unknown             400, 413, 415, 422
//	   v
//	call ----> service (within Once when there is an Idempotency-Key)
//	   |                                                 403, 404, 409, 412, 422
//	   v
//	reply, or a Problem in the caller's language
//
// Version 1 only grows: a field, a parameter or a route may be added, none is taken away or changes its meaning. The
// document in testdata holds it to that.
package api
