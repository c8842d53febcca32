// Package icalbench compares the reading of calendar text with github.com/emersion/go-ical, on the same text in the same run.
// It is a module of its own, so that the program does not depend on that library.
//
//	go -C tools/icalbench test -bench . -benchmem
package icalbench
