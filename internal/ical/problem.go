package ical

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// A Code names what is wrong with a line.
type Code string

const (
	// A line that is no property, and is kept as it is.
	NoColon         Code = "no_colon"
	BadName         Code = "bad_name"          // before the colon stands no name
	EndWithoutBegin Code = "end_without_begin" // no open component has this name
	Outside         Code = "outside"           // outside of any component; said once for lines in a row

	// A line, or component, beyond a limit: kept as it is and not looked at.
	LineTooLong       Code = "line_too_long"
	TooManyProperties Code = "too_many_properties" // said once for a component
	TooDeep           Code = "too_deep"
	TooLarge          Code = "too_large" // of a stream: the rest of the component is lost

	// A property that is read all the same.
	BadQuotes Code = "bad_quotes" // a parameter's quote is not closed
	NotUTF8   Code = "not_utf8"   // read as Windows-1252 where it is not

	// A component that is read all the same.
	MissingEnd Code = "missing_end"

	// The text as a whole.
	NoComponent Code = "no_component"
)

// A Problem is something in a text that could not be read as it stands.
type Problem struct {
	Code      Code
	Line      int        // from 1, of the line's first octet; of a missing END that of BEGIN
	Component *Component // the innermost around it; nil outside of any
	Property  string     // in upper case; of a line that is no property the name it begins with, if any
	Max       int        // of the limit that was exceeded
}

// String says what is wrong and where, without a word of the text but the names of component and property.
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "line %d: ", p.Line)
	if p.Component != nil {
		fmt.Fprintf(&b, "%.40q: ", p.Component.name)
	}
	if p.Property != "" {
		fmt.Fprintf(&b, "%.40s: ", p.Property)
	}
	switch p.Code {
	case NoColon:
		b.WriteString("no colon in the line")
	case BadName:
		b.WriteString("no name before the colon")
	case EndWithoutBegin:
		b.WriteString("END of a component that did not begin")
	case Outside:
		b.WriteString("text outside of any component")
	case LineTooLong:
		fmt.Fprintf(&b, "line of more than %d bytes", p.Max)
	case TooManyProperties:
		fmt.Fprintf(&b, "more than %d properties", p.Max)
	case TooDeep:
		fmt.Fprintf(&b, "components nested more than %d deep", p.Max)
	case TooLarge:
		fmt.Fprintf(&b, "component of more than %d bytes", p.Max)
	case BadQuotes:
		b.WriteString("a quoted parameter is not closed")
	case NotUTF8:
		b.WriteString("not UTF-8, read as Windows-1252")
	case MissingEnd:
		b.WriteString("component without END")
	case NoComponent:
		b.WriteString("no component in the text")
	default:
		b.WriteString(string(p.Code))
	}
	return b.String()
}

// Problems lists what could not be read as it stands. Edits do not change the list.
func (t *Text) Problems() []Problem { return t.problems }

// ProblemsOf yields the problems of a component and of those in it.
func (t *Text) ProblemsOf(c *Component) iter.Seq[Problem] {
	return func(yield func(Problem) bool) {
		first, _ := slices.BinarySearchFunc(t.problems, c.Line(), func(p Problem, line int) int { return p.Line - line })
		for _, p := range t.problems[first:] {
			if !p.Component.isWithin(c) || !yield(p) {
				return
			}
		}
	}
}

// isWithin reports whether c is outer or stands in it.
func (c *Component) isWithin(outer *Component) bool {
	for ; c != nil; c = c.parent {
		if c == outer {
			return true
		}
	}
	return false
}
