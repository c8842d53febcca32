package ical

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		value, tzid string
		isDate      bool
		want        Time
		err         string
	}{
		"date":                        {"20261123", "", true, Time{Kind: AllDay, Year: 2026, Month: 11, Day: 23}, ""},
		"date that is not called one": {"20261123", "Europe/Brussels", false, Time{Kind: AllDay, Year: 2026, Month: 11, Day: 23}, ""},
		"floating":                    {"20261123T143015", "", false, Time{Floating, 2026, 11, 23, 14, 30, 15, ""}, ""},
		"zoned":                       {"20261123T143015", "X", false, Time{Zoned, 2026, 11, 23, 14, 30, 15, "X"}, ""},
		"UTC":                         {"20261123T143015Z", "", false, Time{UTC, 2026, 11, 23, 14, 30, 15, ""}, ""},
		"small letters":               {"20261123t143015z", "", false, Time{UTC, 2026, 11, 23, 14, 30, 15, ""}, ""},
		"blanks and quotes":           {" 20261123T143015\" ", "", false, Time{Floating, 2026, 11, 23, 14, 30, 15, ""}, ""},
		"first of all":                {"00010101T000000", "", false, Time{Floating, 1, 1, 1, 0, 0, 0, ""}, ""},
		"last of all":                 {"99991231T235959", "", false, Time{Floating, 9999, 12, 31, 23, 59, 59, ""}, ""},
		"29 February":                 {"20240229", "", true, Time{Kind: AllDay, Year: 2024, Month: 2, Day: 29}, ""},
		"29 February 2000":            {"20000229", "", true, Time{Kind: AllDay, Year: 2000, Month: 2, Day: 29}, ""},
		"29 February 1900":            {"19000229", "", true, Time{}, "read DATE: there is no 29 February 1900"},
		"31 April":                    {"20260431T000000", "", false, Time{}, "read DATE-TIME: there is no 31 April 2026"},
		"31 December":                 {"20261231", "", true, Time{Kind: AllDay, Year: 2026, Month: 12, Day: 31}, ""},
		"32 December":                 {"20261232", "", true, Time{}, "read DATE: there is no 32 December 2026"},
		"day 0":                       {"20260100", "", true, Time{}, "read DATE: there is no 0 January 2026"},
		"month 0":                     {"20260001", "", true, Time{}, "read DATE: there is no month 0"},
		"month 13":                    {"20261301", "", true, Time{}, "read DATE: there is no month 13"},
		"minute 60":                   {"20260101T006000", "", false, Time{}, "read DATE-TIME: there is no minute 60"},
		"a time for a date":           {"20260101T000000", "", true, Time{}, "read DATE: a date with a time of day where VALUE=DATE says a date"},
		"nothing":                     {" ", "", false, Time{}, "read DATE-TIME: the value is empty"},
		"no seconds":                  {"20260101T1000", "", false, Time{}, "read DATE-TIME: the time of day is not of the form 143000"},
		"nothing behind the T":        {"20260101T", "", false, Time{}, "read DATE-TIME: the time of day is not of the form 143000"},
		"an offset":                   {"20260101T100000+0100", "", false, Time{}, "read DATE-TIME: the time of day is not of the form 143000"},
		"ISO 8601":                    {"2026-01-01T10:00:00", "", false, Time{}, "read DATE-TIME: not of the form 20261123T143000"},
		"a sign":                      {"-2026011", "", true, Time{}, "read DATE: not of the form 20261123"},
		"other digits":                {"２０２６", "", true, Time{}, "read DATE: not of the form 20261123"},
		"a period":                    {"20260101T100000/PT1H", "", false, Time{}, "read DATE-TIME: the time of day is not of the form 143000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseTime(test.value, test.tzid, test.isDate)
			if got != test.want || errorText(err) != test.err {
				t.Errorf("got %+v, %q, want %+v, %q", got, errorText(err), test.want, test.err)
			}
			if err != nil {
				return
			}
			if again, err := ParseTime(got.String(), got.TZID, got.Kind == AllDay); again != got || err != nil {
				t.Errorf("written %q, read as %+v, %v, want %+v", got, again, err, got)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestTime_instants(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 14, 30, 15, 999, time.FixedZone("", 3600))
	got := InUTC(at)
	if want := (Time{UTC, 2026, 11, 23, 13, 30, 15, ""}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if back, ok := got.Instant(); !ok || !back.Equal(at.Truncate(time.Second)) {
		t.Errorf("got %v, %v, want %v", back, ok, at)
	}
	got.Kind = Floating
	if _, ok := got.Instant(); ok {
		t.Error("a floating time is an instant")
	}
	if (Time{}).String() != "" {
		t.Errorf("no time: got %q, want nothing", Time{})
	}
}

func TestProperty_times(t *testing.T) {
	t.Parallel()
	type result struct {
		Time  Time
		Error string
	}
	for line, want := range map[string][]result{
		"EXDATE;VALUE=date:20260102,20260230,": {
			{Time{Kind: AllDay, Year: 2026, Month: 1, Day: 2}, ""}, {Time{}, "read DATE: there is no 30 February 2026"}, {Time{}, "read DATE: the value is empty"},
		},
		"RDATE;TZID=\"X\":20260102T030405,20260102T030405Z": {
			{Time{Zoned, 2026, 1, 2, 3, 4, 5, "X"}, ""}, {Time{UTC, 2026, 1, 2, 3, 4, 5, ""}, ""},
		},
		"DTSTART;TZID=;VALUE=DATE-TIME:20260102T030405": {{Time{Floating, 2026, 1, 2, 3, 4, 5, ""}, ""}},
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			p := theProperty(t, line)
			var got []result
			for time, err := range p.Times() {
				got = append(got, result{time, errorText(err)})
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("times (-want +got):\n%s", diff)
			}
			if len(want) == 1 {
				if got, err := p.Time(); got != want[0].Time || err != nil {
					t.Errorf("got %+v, %v, want %+v", got, err, want[0].Time)
				}
			}
			for range p.Times() {
				break
			}
		})
	}
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for value, test := range map[string]struct {
		want Duration
		text string // written again, where it differs
		err  string
	}{
		"P1W":                  {Duration{7, 0}, "", ""},
		"P15D":                 {Duration{15, 0}, "", ""},
		"P14D":                 {Duration{14, 0}, "P2W", ""},
		"PT0S":                 {Duration{}, "", ""},
		"P0D":                  {Duration{}, "PT0S", ""},
		"-PT15M":               {Duration{0, -900}, "", ""},
		"-P1DT2H":              {Duration{-1, -7200}, "", ""},
		"+P7DT1S":              {Duration{7, 1}, "P7DT1S", ""},
		"PT1H30S":              {Duration{0, 3630}, "PT1H0M30S", ""},
		"PT36H":                {Duration{0, 129600}, "", ""},
		"PT90S":                {Duration{0, 90}, "PT1M30S", ""},
		"pt1h ":                {Duration{0, 3600}, "PT1H", ""},
		"P1W2D":                {Duration{9, 0}, "P9D", ""},
		"P1DT":                 {Duration{1, 0}, "P1D", ""},
		"P3652500D":            {Duration{3652500, 0}, "", ""},
		"P3652501D":            {err: "longer than 10,000 years"},
		"PT99999999999999999H": {err: "longer than 10,000 years"},
		"PT315576000001S":      {err: "longer than 10,000 years"},
		"PT999999999H":         {err: "longer than 10,000 years"},
		"P1Y":                  {err: "years and months have no length"},
		"P1M":                  {err: "years and months have no length"},
		"P":                    {err: "no length after P"},
		"PT":                   {err: "no length after P"},
		"":                     {err: "the value is empty"},
		"1D":                   {err: "it does not begin with P"},
		"-":                    {err: "it does not begin with P"},
		"PT-1H":                {err: "not of the form P1DT2H30M"},
		"PT1":                  {err: "not of the form P1DT2H30M"},
		"PT1.5H":               {err: "not of the form P1DT2H30M"},
		"PT1M1H":               {err: "not of the form P1DT2H30M"},
		"PT1D":                 {err: "not of the form P1DT2H30M"},
		"P1DT1HT1M":            {err: "not of the form P1DT2H30M"},
		"P1H":                  {err: "not of the form P1DT2H30M"},
		"P1D2D":                {err: "not of the form P1DT2H30M"},
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			want := test.err
			if want != "" {
				want = "read DURATION: " + want
			}
			got, err := ParseDuration(value)
			if got != test.want || errorText(err) != want {
				t.Fatalf("got %+v, %q, want %+v, %q", got, errorText(err), test.want, want)
			}
			text := test.text
			if text == "" {
				text = value
			}
			if err == nil && got.String() != text {
				t.Errorf("written: got %q, want %q", got, text)
			}
		})
	}
	if d := (Duration{-1, -60}); !d.IsNegative() || d.Exact() != -time.Minute {
		t.Errorf("got %v, %v of %s", d.IsNegative(), d.Exact(), d)
	}
}

func TestParsePeriod(t *testing.T) {
	t.Parallel()
	start := Time{Zoned, 2026, 1, 2, 3, 0, 0, "X"}
	end := start
	end.Hour = 4
	for value, test := range map[string]struct {
		want Period
		err  string
	}{
		"20260102T030000/20260102T040000": {Period{Start: start, End: end}, ""},
		"20260102T030000/PT1H":            {Period{Start: start, Duration: Duration{0, 3600}}, ""},
		"20260102T030000/-PT1H":           {Period{}, "read PERIOD: the duration is negative"},
		"20260102T030000":                 {Period{}, "read PERIOD: no solidus between start and end"},
		"20260102/20260103":               {Period{}, "read PERIOD: a date without a time of day"},
		"20260102T030000/":                {Period{}, "read DATE-TIME: the value is empty"},
		"20260102T240000/PT1H":            {Period{}, "read DATE-TIME: there is no hour 24"},
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			got, err := ParsePeriod(value, "X")
			if got != test.want || errorText(err) != test.err {
				t.Errorf("got %+v, %q, want %+v, %q", got, errorText(err), test.want, test.err)
			}
		})
	}
	count := 0
	for _, err := range theProperty(t, "RDATE;VALUE=PERIOD;TZID=X:20260102T030000/PT1H,bad").Periods() {
		if count++; (err == nil) != (count == 1) {
			t.Errorf("period %d: got error %v", count, err)
		}
	}
}

func TestParseOffset(t *testing.T) {
	t.Parallel()
	for value, test := range map[string]struct {
		want int
		ok   bool
	}{
		"+0100": {3600, true}, "-0930": {-34200, true}, "+053015": {19815, true}, " +0100 ": {3600, true},
		"0100": {3600, true}, "+05:30": {19800, true}, "+0530:15": {19815, true}, "-0000": {0, true}, "+235959": {86399, true},
		"+2400": {0, false}, "+0160": {0, false}, "+010060": {0, false}, "+1": {0, false}, "+01000": {0, false},
		"": {0, false}, "--0100": {0, false}, "+-100": {0, false}, "Z": {0, false},
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			got, err := ParseOffset(value)
			if got != test.want || (err == nil) != test.ok {
				t.Errorf("got %d, %v, want %d, %v", got, err, test.want, test.ok)
			}
		})
	}
}

func TestProperty_text(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`a\nb\Nc`:                        "a\nb\nc",
		`a\, b\; c\\d`:                   `a, b; c\d`,
		`a, b; c`:                        `a, b; c`,
		`\:\"\'`:                         `:"'`,
		`C:\temp\x\`:                     `C:\temp\x\`,
		`\\n`:                            `\n`,
		`\\\n`:                           "\\\n",
		"a\rb":                           "a\nb",
		"tab\tNUL\x00 bell\a delete\x7f": "tab\tNUL bell delete",
		"a\u0085b\u2028c\u202ed":         "a\nb\u2028c\u202ed",
		"caf\xe9 caf\u00e9 \x80":         "café café €",
		"\xed\xa0\xbd\xed\xb8\x80":       "\ufffd\ufffd",
		"\x81":                           "\ufffd",
		"z\u0301\u0301\u0301":            "z\u0301\u0301\u0301",
		"":                               "",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			if got := theProperty(t, "X-A:"+value).Text(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestNormalText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\r\nb\rc\nd\r\r\ne": "a\nb\nc\nd\n\ne",
		"a\vb\fc":             "a\nb\nc",
		"\x01\x1f\x7f\u009f":  "",
		"héé":                 "héé",
	} {
		if got := NormalText(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestProperty_params(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]Param{
		`X-A:b`:                    nil,
		`X-A;B=c:d`:                {{"B", "c"}},
		`X-A;b=c;B=d:e`:            {{"B", "c"}, {"B", "d"}},
		`X-A;B="c;d:e,f":g`:        {{"B", "c;d:e,f"}},
		`X-A;B="c","d:e":f`:        {{"B", "c,d:e"}},
		`X-A;B=:c`:                 {{"B", ""}},
		`X-A;B:c`:                  {{"B", ""}},
		`X-A;:c`:                   {{"", ""}},
		`X-A;;=;B==c:d`:            {{"", ""}, {"", ""}, {"B", "=c"}},
		`X-A;B=^n^'^^^x^:c`:        {{"B", "\n\"^^x^"}},
		`X-A; B =c:d`:              {{"B", "c"}},
		`X-A;B=c"d"e:f`:            {{"B", "cde"}},
		`X-A;B="c;D=e:f`:           {{"B", "c"}, {"D", "e"}},
		"X-A;B=c\x00\xe9:f":        {{"B", "cé"}},
		`X-A;CN=Doe, John;B="x":m`: {{"CN", "Doe, John"}, {"B", "x"}},
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			p := theProperty(t, line)
			if diff := cmp.Diff(want, slices.Collect(p.Params())); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
			for range p.Params() {
				break
			}
		})
	}
	p := theProperty(t, `X-A;M="a,b",c^n,,"d";N=:e`)
	list, found := p.ParamList("m")
	if diff := cmp.Diff([]string{"a,b", "c\n", "", "d"}, list); diff != "" || !found {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	if list, found := p.ParamList("N"); len(list) != 1 || !found {
		t.Errorf("an empty list: got %q, %v, want one empty value", list, found)
	}
	if _, found := p.ParamList("O"); found {
		t.Error("found a list that is not there")
	}
}
