package zone

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// posixLocation makes package time evaluate a POSIX TZ rule: an independent implementation of yearly rules. The data is a
// TZif file of version 2 (RFC 9636) without any transition, whose footer is the rule.
func posixLocation(t interface {
	Helper()
	Fatal(...any)
}, rule string, offset int) *time.Location {
	t.Helper()
	var file bytes.Buffer
	block := func(transitions int, size int) {
		file.WriteString("TZif2" + strings.Repeat("\x00", 15))
		for _, n := range []uint32{0, 0, 0, uint32(transitions), 1, 4} {
			binary.Write(&file, binary.BigEndian, n)
		}
		for range transitions { // in 1800, into the only type
			file.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Date(1800, 1, 1, 0, 0, 0, 0, time.UTC).Unix()))[8-size:])
		}
		file.Write(make([]byte, transitions))
		binary.Write(&file, binary.BigEndian, int32(offset))
		file.WriteString("\x00\x00STD\x00")
	}
	block(0, 4)
	block(1, 8)
	file.WriteString("\n" + rule + "\n")
	loaded, err := time.LoadLocationFromTZData(rule, file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// TestDefinition_agrees_with_POSIX_rules draws rules of the form "the n-th weekday of a month at some time", which both
// an RRULE and a POSIX TZ rule can say, and compares the offsets of all instants of ten years.
func TestDefinition_agrees_with_POSIX_rules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		months := rapid.SampledFrom([][2]int{{3, 10}, {4, 9}, {2, 11}, {10, 3}, {9, 4}, {11, 2}, {5, 8}}).Draw(t, "months")
		standard := rapid.IntRange(-12*4, 12*4).Draw(t, "quarters of an hour") * 900
		daylight := standard + rapid.SampledFrom([]int{1800, 3600, 7200, -3600}).Draw(t, "saved")
		posix := fmt.Sprintf("STD%sDST%s", posixOffset(standard), posixOffset(daylight))
		var observances []observance
		for i, offsets := range [2][2]int{{standard, daylight}, {daylight, standard}} {
			week := rapid.IntRange(1, 5).Draw(t, "week")
			weekday := rapid.IntRange(0, 6).Draw(t, "weekday")
			hour := rapid.IntRange(0, 23).Draw(t, "hour")
			posix += fmt.Sprintf(",M%d.%d.%d/%d", months[i], week, weekday, hour)
			n := week
			if week == 5 {
				n = -1
			}
			text := observanceText{
				start: fmt.Sprintf("16010101T%02d0000", hour),
				from:  printOffset(offsets[0]), to: printOffset(offsets[1]),
				rules: []string{fmt.Sprintf("FREQ=YEARLY;BYMONTH=%d;BYDAY=%d%s", months[i], n, []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}[weekday])},
			}
			parsed, err := text.parse()
			if err != nil {
				t.Fatal(err)
			}
			observances = append(observances, parsed)
		}
		own, err := define(observances)
		if err != nil {
			t.Fatal(err)
		}
		year := rapid.IntRange(1970, 2400).Draw(t, "year") // before, package time is wrong about the ends of such rules
		start := time.Date(year, 1, 5, 0, 0, 0, 0, time.UTC)
		z, truth := &Zone{own: own}, &Zone{location: posixLocation(t, posix, standard)}
		if !SameRules(z, truth, start, start.AddDate(10, 0, 0)) {
			t.Errorf("%s and the same as observances differ in the ten years from %d", posix, year)
		}
	})
}

// posixOffset writes an offset as POSIX has it: what is added to local time.
func posixOffset(seconds int) string {
	sign := "-"
	if seconds < 0 {
		sign, seconds = "+", -seconds
	}
	return fmt.Sprintf("%s%d:%02d", sign, seconds/3600, seconds/60%60)
}

func ownZone(t interface {
	Helper()
	Fatal(...any)
}, text string) *Zone {
	t.Helper()
	var obs []observance
	var cur *observanceText
	for l := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n ", ""), "\r\n") {
		n, v, _ := strings.Cut(l, ":")
		switch n {
		case "BEGIN":
			cur = &observanceText{}
		case "DTSTART":
			cur.start = v
		case "TZOFFSETFROM":
			cur.from = v
		case "TZOFFSETTO":
			cur.to = v
		case "RRULE":
			cur.rules = append(cur.rules, v)
		case "RDATE":
			cur.dates = append(cur.dates, v)
		case "END":
			if v != "VTIMEZONE" {
				o, err := cur.parse()
				if err != nil {
					t.Fatal(err)
				}
				obs = append(obs, o)
			}
		}
	}
	d, err := define(obs)
	if err != nil {
		t.Fatal(err)
	}
	return &Zone{own: d}
}
