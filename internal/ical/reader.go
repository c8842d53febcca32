package ical

import (
	"fmt"
	"io"
	"unicode/utf8"
)

// readerBlock is how much of a stream is looked at together, in bytes.
const readerBlock = 64 << 10

// A Reader reads a long text piece by piece: it holds one component and a block of the stream at a time. What it gives is
// for reading, not for printing the text again: lines between components and beyond a limit are left out.
type Reader struct {
	from    io.Reader
	builder builder
	lines   lines
	buffer  []byte
	started bool
	ended   bool
	discard bool // the rest of a line that is too long
	err     error
}

// A Part is a component of a stream that stands in a VCALENDAR or in nothing.
type Part struct {
	Component *Component // nil where there are Problems only
	Calendar  *Component // the VCALENDAR around it, with its properties as far as they were read and no components; nil where there is none
	Problems  []Problem  // of the component, and of what stood before it
}

// NewReader reads from a stream. Limits.Bytes is that of one component, Limits.Lines does not count.
func NewReader(from io.Reader, limits Limits) *Reader {
	r := &Reader{from: from}
	r.builder = builder{limits: limits, stream: true, text: &Text{lineEnd: "\r\n"}}
	r.builder.newSlabs(1)
	r.builder.text.root.text = r.builder.text
	r.lines.number = 1
	return r
}

// Next is the next component; io.EOF after the last one. Another error, that of the stream or ErrUTF16, ends it too. A
// Part's Calendar must not be read while Next runs.
func (r *Reader) Next() (Part, error) {
	b := &r.builder
	for len(b.parts) == 0 {
		if r.err != nil {
			return Part{}, r.err
		}
		if r.err = r.block(); r.err == io.EOF {
			b.finish()
		}
		if len(b.problems) > 0 && (len(b.open) == 0 || b.counted().name == "VCALENDAR") {
			b.parts = append(b.parts, Part{Problems: b.problems})
			b.problems = nil
		}
	}
	part := b.parts[0]
	b.parts = b.parts[1:]
	return part, nil
}

// block reads on and takes all content lines that are complete.
func (r *Reader) block() error {
	if r.ended {
		return io.EOF
	}
	if err := r.fill(); err != nil {
		return err
	}
	b, l := &r.builder, &r.lines
	text := string(r.buffer)
	if !r.started {
		r.started = true
		if err := checkEncoding(text); err != nil {
			return err
		}
		l.bareCR = bareCREndsLines(text)
		b.text.bareCR = l.bareCR
	}
	b.source, b.allUTF8, b.other = text, utf8.ValidString(text), nil
	l.text, l.at = text, 0
	for l.at < len(text) {
		start, number := l.at, l.number
		line, _ := l.next()
		if line.open && !r.ended {
			switch {
			case r.discard:
				r.passBy(line, number)
			case line.end-line.start > b.limits.LineBytes:
				line.cut = true
				if err := b.add(line); err != nil {
					return err
				}
				r.discard = true
				r.passBy(line, number)
			default:
				l.number = number
				r.buffer = append(r.buffer[:0], text[start:]...)
			}
			return nil
		}
		if r.discard {
			r.discard = false
			continue
		}
		if err := b.add(line); err != nil {
			return err
		}
	}
	r.buffer = r.buffer[:0]
	return nil
}

// passBy forgets an incomplete line but for its last line end, which decides whether the line goes on.
func (r *Reader) passBy(line contentLine, number int) {
	l := &r.lines
	text := l.text[line.start:line.end]
	end := len(text)
	for end > max(0, len(text)-2) && (text[end-1] == '\r' || text[end-1] == '\n') {
		end--
	}
	l.number = number
	for rest := text[:end]; rest != ""; {
		_, next, kind := lineEnd(rest, l.bareCR)
		if kind != 0 {
			l.number++
		}
		rest = rest[next:]
	}
	r.buffer = append(r.buffer[:0], text[end:]...)
}

// fill reads a block behind what is left of the one before; twice as much where that is a long line.
func (r *Reader) fill() error {
	kept := len(r.buffer)
	want := max(readerBlock, 2*kept)
	if cap(r.buffer) < want {
		r.buffer = append(make([]byte, 0, want), r.buffer...)
	}
	r.buffer = r.buffer[:want]
	for kept < want {
		n, err := r.from.Read(r.buffer[kept:])
		kept += n
		if err == io.EOF {
			r.ended = true
			break
		}
		if err != nil {
			return fmt.Errorf("read calendar text: %w", err)
		}
	}
	r.buffer = r.buffer[:kept]
	return nil
}

// part hands out a component of a stream that has ended.
func (b *builder) part(c *Component) {
	if c.name == "VCALENDAR" || c.parent != &c.text.root {
		return
	}
	var calendar *Component
	if len(b.open) > 0 {
		calendar = b.open[len(b.open)-1].Component
	}
	b.newSlabs(1)
	c.text.problems = b.problems
	for c := range c.text.Components() {
		b.parts = append(b.parts, Part{Component: c, Calendar: calendar, Problems: b.problems})
		b.problems = nil
	}
}
