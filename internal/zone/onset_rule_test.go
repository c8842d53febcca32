package zone

import (
	"strings"
	"testing"
	"time"
)

// utcRule reads a rule whose times are UTC.
func utcRule(t testing.TB, value, start string) *onsetRule {
	t.Helper()
	rule, err := parseOnsetRule(value, civil(t, start), 0)
	if err != nil {
		t.Fatal(err)
	}
	return rule
}

func TestOnsetRule(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, rule, start, want string }{
		{"last Sunday of a month", "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "2024-10-27T03:00:00", "2024-10-27 2025-10-26 2026-10-25 2027-10-31"},
		{"second Sunday of a month", "FREQ=YEARLY;BYDAY=2SU;BYMONTH=3", "2024-03-10T02:00:00", "2024-03-10 2025-03-09 2026-03-08 2027-03-14"},
		{"a start that the rule does not meet is no onset", "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "2024-01-01T03:00:00", "2024-10-27 2025-10-26"},
		{"onsets before the start do not count", "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "2024-11-01T03:00:00", "2025-10-26 2026-10-25"},
		{"a Sunday in a window of days", "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=2,3,4,5,6,7,8;BYDAY=SU", "2024-01-01T00:00:00", "2024-04-07 2025-04-06 2026-04-05"},
		{"a day of the month from its end", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", "2023-01-01T00:00:00", "2023-02-28 2024-02-29 2025-02-28"},
		{"a fixed date, taken from the start", "FREQ=YEARLY", "2024-02-29T00:00:00", "2024-02-29 2028-02-29"},
		{"a month, with the day of the start", "FREQ=YEARLY;BYMONTH=4", "2024-03-05T00:00:00", "2024-04-05 2025-04-05"},
		{"a day of every month", "FREQ=YEARLY;BYMONTHDAY=31", "2024-01-01T00:00:00", "2024-01-31 2024-03-31 2024-05-31"},
		{"days of the year from its end", "FREQ=YEARLY;BYYEARDAY=-67,-66,-65,-64,-63,-62,-61;BYDAY=FR", "2023-01-01T00:00:00", "2023-10-27 2024-11-01 2025-10-31"},
		{"the hundredth day of a year", "FREQ=YEARLY;BYYEARDAY=100", "2023-01-01T00:00:00", "2023-04-10 2024-04-09"},
		{"the twentieth Monday of a year", "FREQ=YEARLY;BYDAY=20MO", "2024-01-01T00:00:00", "2024-05-13 2025-05-19"},
		{"the last Friday of a year", "FREQ=YEARLY;BYDAY=-1FR", "2024-01-01T00:00:00", "2024-12-27 2025-12-26"},
		{"every Tuesday of a month", "FREQ=YEARLY;BYMONTH=2;BYDAY=TU", "2026-01-01T00:00:00", "2026-02-03 2026-02-10 2026-02-17 2026-02-24 2027-02-02"},
		{"the last of several", "FREQ=YEARLY;BYMONTH=10;BYDAY=SU;BYSETPOS=-1", "2024-01-01T00:00:00", "2024-10-27 2025-10-26"},
		{"the second of several", "FREQ=YEARLY;BYMONTH=3,9;BYDAY=1SU;BYSETPOS=2", "2024-01-01T00:00:00", "2024-09-01 2025-09-07"},
		{"every third year", "FREQ=YEARLY;INTERVAL=3;BYMONTH=10;BYDAY=-1SU", "2024-10-27T00:00:00", "2024-10-27 2027-10-31 2030-10-27"},
		{"a month, by a monthly rule", "FREQ=MONTHLY;BYMONTH=10;BYDAY=-1SU", "2024-01-01T00:00:00", "2024-10-27 2025-10-26"},
		{"every twelfth month", "FREQ=MONTHLY;INTERVAL=12;BYDAY=2SU", "2024-03-10T00:00:00", "2024-03-10 2025-03-09"},
		{"every fifth month", "FREQ=MONTHLY;INTERVAL=5", "2024-03-10T00:00:00", "2024-03-10 2024-08-10 2025-01-10 2025-06-10"},
		{"a position within the month", "FREQ=MONTHLY;BYMONTH=3,10;BYDAY=SU;BYSETPOS=-1", "2024-01-01T00:00:00", "2024-03-31 2024-10-27 2025-03-30"},
		{"a count", "FREQ=YEARLY;COUNT=2;BYMONTH=10;BYDAY=-1SU", "2024-10-27T00:00:00", "2024-10-27 2025-10-26 end"},
		{"a count that ends within a year", "FREQ=YEARLY;COUNT=3;BYMONTH=3,10;BYDAY=-1SU", "2024-01-01T00:00:00", "2024-03-31 2024-10-27 2025-03-30 end"},
		{"an end in UTC, itself included", "FREQ=YEARLY;UNTIL=20251026T030000Z;BYMONTH=10;BYDAY=-1SU", "2024-10-27T03:00:00", "2024-10-27 2025-10-26 end"},
		{"an end a second before", "FREQ=YEARLY;UNTIL=20251026T025959Z;BYMONTH=10;BYDAY=-1SU", "2024-10-27T03:00:00", "2024-10-27 end"},
		{"an end without Z", "FREQ=YEARLY;UNTIL=20251026T030000;BYMONTH=10;BYDAY=-1SU", "2024-10-27T03:00:00", "2024-10-27 2025-10-26 end"},
		{"an end that is a date", "FREQ=YEARLY;UNTIL=20251026;BYMONTH=10;BYDAY=-1SU", "2024-10-27T03:00:00", "2024-10-27 2025-10-26 end"},
		{"lower case and a last semicolon", "freq=yearly;byday=-1su;bymonth=10;", "2024-10-27T03:00:00", "2024-10-27 2025-10-26"},
		{"parts that change nothing", "FREQ=YEARLY;WKST=MO;X-SOURCE=1;RSCALE=GREGORIAN;INTERVAL=1;BYMONTH=3;BYDAY=-1SU", "2024-01-01T00:00:00", "2024-03-31 2025-03-30"},
		{"a leap day on a Monday", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "2000-01-01T00:00:00", "2016-02-29 2044-02-29 2072-02-29 2112-02-29"},
		{"the last years of the calendar", "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "9998-01-01T00:00:00", "9998-10-25 9999-10-31 end"},
		{"the first", "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "0001-01-01T00:00:00", "0001-10-28 0002-10-27"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rule := utcRule(t, test.rule, test.start)
			years := maxCountedYears
			ending, err := endRule(rule, &years)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			at := rule.earliest() - 1
			for range strings.Fields(test.want) {
				next, found := rule.after(at)
				if !found {
					got = append(got, "end")
					break
				}
				if back, found := rule.before(next); !found || back != next {
					t.Errorf("got %s, %t before or at %s, want itself", utc(back), found, utc(next))
				}
				if back, found := rule.before(next - 1); found != (next != ending.first) || found && back != at {
					t.Errorf("got %s, %t before %s, want %s", utc(back), found, utc(next), utc(at))
				}
				got = append(got, civilAt(next).String()[:10])
				at = next
			}
			if text := strings.Join(got, " "); text != test.want {
				t.Errorf("got %s, want %s", text, test.want)
			}
		})
	}
}

func TestOnsetRule_refuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, rule string }{
		{"B20: every second", "FREQ=SECONDLY"},
		{"every day", "FREQ=DAILY;BYMONTH=10"},
		{"every week", "FREQ=WEEKLY;BYDAY=SU"},
		{"no frequency", "BYMONTH=10;BYDAY=-1SU"},
		{"nothing", ""},
		{"an interval of nought", "FREQ=YEARLY;INTERVAL=0"},
		{"a misspelt part, which may have been the end", "FREQ=YEARLY;CONUT=3"},
		{"weeks of the year", "FREQ=YEARLY;BYWEEKNO=20"},
		{"another calendar", "FREQ=YEARLY;RSCALE=HEBREW"},
		{"month 13", "FREQ=YEARLY;BYMONTH=13"},
		{"day 32", "FREQ=YEARLY;BYMONTHDAY=32"},
		{"day 0", "FREQ=YEARLY;BYMONTHDAY=0"},
		{"the noughth Monday", "FREQ=YEARLY;BYDAY=0MO"},
		{"no weekday", "FREQ=YEARLY;BYDAY=XX"},
		{"half a weekday", "FREQ=YEARLY;BYDAY=S"},
		{"two hours", "FREQ=YEARLY;BYHOUR=2,3"},
		{"an end that is no date", "FREQ=YEARLY;UNTIL=20251345"},
		{"a number too large", "FREQ=YEARLY;COUNT=99999999999999999999"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if rule, err := parseOnsetRule(test.rule, Civil{2024, time.October, 27, 3, 0, 0}, 0); err == nil {
				t.Errorf("got %+v, want an error", rule)
			}
		})
	}
}

func TestOnsetRule_that_never_meets_a_day(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYDAY=SU;BYSETPOS=60", "FREQ=YEARLY;UNTIL=19990101T000000Z", "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30"} {
		years := maxCountedYears
		if ending, err := endRule(utcRule(t, value, "2000-02-01T00:00:00"), &years); err == nil {
			t.Errorf("got %+v for %s, want an error", ending, value)
		}
	}
}

func TestParseOffset(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"+0100": 3600, "-0930": -34200, "+0000": 0, "-0000": 0, "+053015": 19815, "+0530:15": 19815, "+05:30": 19800, "0100": 3600,
		" +0100 ": 3600, "+2359": 86340, "-235959": -86399, "-000115": -75,
	} {
		if got, err := parseOffset(text); err != nil || got != want {
			t.Errorf("got %d, %v for %q, want %d", got, err, text, want)
		}
	}
	for _, text := range []string{"", "+", "+1", "+01", "+100", "+2400", "+0060", "+010060", "++0100", "+-0100", "+01OO", "01000000", "+٠١٠٠"} {
		if got, err := parseOffset(text); err == nil {
			t.Errorf("got %d for %q, want an error", got, text)
		}
	}
}

func TestPrintOffset(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int]string{3600: "+0100", -34200: "-0930", 0: "+0000", 19815: "+053015", -75: "-000115"} {
		if got := printOffset(seconds); got != want {
			t.Errorf("got %s for %d, want %s", got, seconds, want)
		}
	}
}
