package dav

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// trace lists what a document holds: elements with their names, the text directly within each.
func trace(s *scanner) (lines []string, err error) {
	name, err := s.root()
	if err != nil {
		return nil, err
	}
	var walk func(name Name) error
	walk = func(name Name) error {
		lines = append(lines, "<"+name.Space+" "+name.Local)
		for {
			s.text, s.limit, s.overflow = s.text[:0], 1<<20, false
			kind, child, err := s.next(true)
			if err != nil {
				return err
			}
			if len(s.text) > 0 {
				lines = append(lines, "="+string(s.text))
			}
			if kind != eventStart {
				lines = append(lines, ">")
				return nil
			}
			if err := walk(child); err != nil {
				return err
			}
		}
	}
	err = walk(name)
	return lines, err
}

// traceStandard is the same by encoding/xml.
func traceStandard(document []byte) (lines []string, err error) {
	decoder := xml.NewDecoder(bytes.NewReader(document))
	decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	depth := 0
	var text strings.Builder
	flush := func() {
		if depth > 0 && text.Len() > 0 {
			lines = append(lines, "="+text.String())
		}
		text.Reset()
	}
	for {
		token, err := decoder.Token()
		if err != nil {
			return lines, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			flush()
			depth++
			lines = append(lines, "<"+token.Name.Space+" "+token.Name.Local)
		case xml.EndElement:
			flush()
			depth--
			lines = append(lines, ">")
			if depth == 0 {
				return lines, nil
			}
		case xml.CharData:
			text.Write(token)
		case xml.Directive:
			return lines, ErrDoctype
		}
	}
}

// FuzzScanner holds the scanner to encoding/xml: a document that the standard library takes is read the same, but for line
// ends, which are kept; reading in pieces changes nothing; nothing makes it panic or read for ever.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{
		`<a xmlns="DAV:"><b>text</b><c/></a>`, `<?xml version="1.0"?><!-- c --><d:a xmlns:d='DAV:'><d:b x="1" name='n&amp;m'>t&lt;&#233;&#x1F600;u</d:b></d:a>`,
		`<a><![CDATA[x]]y]]></a>`, `<a b = "c>d"/>`, `<a><b></a></b>`, "<a>\r\n</a>", `<a>&nbsp;</a>`, `<a xmlns:x="1"><x:b xmlns:x="2"/><x:c/></a>`,
		`<!DOCTYPE a><a/>`, "\xef\xbb\xbf<a/>", `<a><!-- -- --></a>`, `<a><?pi ?></a>`, `<a>]]></a>`, `<`, ``, `<a`, `<a></a`, `<a/><b/>`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		got, err := trace(newScanner(bytes.NewReader(document)))
		pieces, piecesErr := trace(newScanner(iotest.OneByteReader(bytes.NewReader(document))))
		if diff := cmp.Diff(got, pieces); diff != "" || fmt.Sprint(err) != fmt.Sprint(piecesErr) {
			t.Fatalf("read in one piece %v, byte by byte %v:\n%s", err, piecesErr, diff)
		}
		want, standardErr := traceStandard(document)
		if standardErr != nil || bytes.ContainsRune(document, '\r') {
			return
		}
		if errors.Is(err, ErrTooDeep) || errors.Is(err, ErrTagTooLong) || errors.Is(err, ErrNotXML) {
			return // our limits; text before the root, which encoding/xml lets pass
		}
		if err != nil {
			t.Fatalf("got %v for a document that encoding/xml reads: %q", err, document)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Fatalf("document %q (-got +want):\n%s", document, diff)
		}
	})
}

// FuzzDecodeMultistatus: nothing that a server sends makes the decoder panic, and what is visited has an href or none, never
// more members than allowed.
func FuzzDecodeMultistatus(f *testing.F) {
	f.Add([]byte(`<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:response><d:href>/cal/1</d:href><d:propstat><d:prop><d:getetag>"1"</d:getetag><c:calendar-data>x</c:calendar-data><d:resourcetype><c:calendar/></d:resourcetype></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response><d:sync-token>1</d:sync-token></d:multistatus>`))
	f.Add([]byte(`<multistatus xmlns="DAV:"><response><href>/cal/</href><status>HTTP/1.1 507</status><error><number-of-matches-within-limits/></error></response></multistatus>`))
	f.Add([]byte(`<multistatus xmlns="DAV:"><response><propstat><prop><supported-report-set><supported-report><report><sync-collection/></report></supported-report></supported-report-set><current-user-privilege-set><privilege><all/></privilege></current-user-privilege-set></prop></propstat></response></multistatus>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		visited := 0
		result, err := DecodeMultistatus(bytes.NewReader(body), Limits{MemberBytes: 64, Members: 3}, func(r *Response) error {
			visited++
			member, ok := MemberOf("/cal/", r)
			if ok && (member.Kind == 0 || len(member.Data) > 64) {
				t.Errorf("got member %+v", member)
			}
			_ = CalendarOf(r.Href, r.Props).ReadOnly()
			return nil
		})
		if visited > 3 || err == nil && visited != result.Responses {
			t.Errorf("got %d visits for %d responses, error %v", visited, result.Responses, err)
		}
		DecodeError(body)
	})
}

func BenchmarkDecodeMultistatus(b *testing.B) {
	var body bytes.Buffer
	body.WriteString(`<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">`)
	event := strings.Repeat("DESCRIPTION:some text &amp; more of it\r\n", 22)
	for i := range 10_000 {
		fmt.Fprintf(&body, `<d:response><d:href>/cal/%d.ics</d:href><d:propstat><d:prop><d:getetag>"%d"</d:getetag><c:calendar-data>%s</c:calendar-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`, i, i, event)
	}
	body.WriteString(`</d:multistatus>`)
	b.Run("scanner", func(b *testing.B) {
		b.SetBytes(int64(body.Len()))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodeMultistatus(bytes.NewReader(body.Bytes()), DefaultLimits, func(*Response) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("tokens of encoding-xml", func(b *testing.B) {
		b.SetBytes(int64(body.Len()))
		b.ReportAllocs()
		for b.Loop() {
			decoder := xml.NewDecoder(bytes.NewReader(body.Bytes()))
			for {
				if _, err := decoder.Token(); err == io.EOF {
					break
				} else if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
