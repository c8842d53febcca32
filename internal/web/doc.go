// Package web is the pages: routes, forms, typed page data, embedded templates and static files. It knows HTML and the three
// languages; what a person may do and what it means is left to service.
//
//	request ─► security headers ─► cross-origin check ─► session ─► route ─► handler ─► page struct ─► view
//	                                                                           │
//	                                                                           └─ error ─► the page that says what to do next
//
// Every page works without JavaScript: a form is sent, the answer is a redirect or the page with what is wrong. The script adds
// what changes in place: the progress of a pull, rows that arrive, change or go, keys.
//
// A view is one file in views, a piece that several views need one file in pieces; which view needs which piece is written in
// a table (view_table.go) and checked at start. The data of a view is one struct that says its view.
package web
