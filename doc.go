// Package agendaonline is the root of the module: it holds the rules about the repository itself (layout_test.go).
// The program is cmd/agenda.
package agendaonline
