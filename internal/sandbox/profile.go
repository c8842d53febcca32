package sandbox

import (
	"net/http"
	"time"
)

// Plain is a server that does as the standards say, and gives whatever a client may hope for.
func Plain() Manners {
	return Manners{
		Software:   "sandbox",
		Layout:     Layout{Principal: "/principals/{user}/", Home: "/calendars/{user}/", Calendar: "/calendars/{user}/{calendar}/"},
		Challenges: []string{`Basic realm="sandbox", charset="UTF-8"`},
		WellKnown:  WellKnown{Status: http.StatusMovedPermanently, Location: "/"},
		MaxSize:    10 << 20, MaxSizeStatus: http.StatusForbidden,
		Token:      TokenManner{Prefix: "http://agenda.invalid/ns/sync/"},
		DataInSync: true, TokenNeeded: 400,
		Refusals: map[Defect]int{
			DefectEmpty: 403, DefectNotText: 403, DefectNotCalendar: 403, DefectCut: 403, DefectNoComponent: 403, DefectComponent: 403,
			DefectMethod: 403, DefectNoUID: 403, DefectTwoUIDs: 403, DefectNoStart: 403, DefectBadStart: 403,
		},
	}
}

// Radicale is 3.1.8 as Debian 12 has it.
func Radicale() Manners {
	return Manners{
		Software:   "WSGIServer/0.2 CPython/3.11.2",
		Layout:     Layout{Principal: "/{user}/", Home: "/{user}/", Calendar: "/{user}/{calendar}/"},
		Challenges: []string{`Basic realm="Radicale - Password Required"`},
		WellKnown:  WellKnown{Status: 301, Location: "/"},
		Components: []string{"VTODO", "VEVENT", "VJOURNAL"},
		Addresses:  AddressPrincipal,
		Token:      TokenManner{Form: TokenHash, Prefix: "http://radicale.org/ns/sync/"},
		CTag:       CTagQuoted, CalendarETag: true, AllpropTellsToken: true,
		DataInSync: true, ListsDeleted: true,
		ETag: ETagLong, MatchOneOnly: true, NoNotModified: true,
		Rewrite:       Rewriting{Silently: true, CRLF: true, Fold: true, Sort: true},
		ChangedStatus: 201, OtherUID: 409, UIDConflict: UIDRefused,
		Refusals: map[Defect]int{
			DefectEmpty: 400, DefectNotText: 400, DefectNotCalendar: 400, DefectCut: 400, DefectNoUID: 400, DefectTwoUIDs: 400,
			DefectNoStart: 400, DefectBadStart: 400, DefectNoMaster: 400,
		},
		NoChunks: true, GzipBody: 400, MissingCalendar: 409, MkcalendarAgain: 409,
		PutReplaces: true, DeleteBody: true, CloseEach: true,
	}
}

// Xandikos is 0.2.8 as Debian 12 has it, on its own: without a proxy that asks for a password everybody is alice.
func Xandikos() Manners {
	return Manners{
		Software:   "Python/3.11 aiohttp/3.8.4",
		Layout:     Layout{Principal: "/{user}/", Home: "/{user}/calendars/", Calendar: "/{user}/calendars/{calendar}/"},
		Open:       "alice",
		WellKnown:  WellKnown{Status: 302, Location: "/"},
		Components: []string{"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"},
		Addresses:  AddressNone, BareReports: true,
		Token: TokenManner{Form: TokenStateHash, Unknown: 500},
		CTag:  CTagToken, CalendarETag: true, AllpropTellsToken: true,
		LevelNeeded: 400, LevelOneOnly: true, HidesPassing: true, Limit: LimitStrict,
		ETag:            ETagMiddle,
		Rewrite:         Rewriting{Silently: true, CRLF: true, Fold: true, Sort: true},
		UIDConflict:     UIDMultistatus,
		Refusals:        map[Defect]int{DefectEmpty: 207, DefectNotText: 207, DefectNotCalendar: 207, DefectCut: 207},
		MissingCalendar: 404, MkcalendarAgain: 207, MoveStatus: 405,
		NoGzip: true,
	}
}

// DAViCal is 1.1.12 as Debian 12 has it, behind Apache, with PostgreSQL.
func DAViCal() Manners {
	return Manners{
		Software:        "Apache/2.4 (Debian)",
		Layout:          Layout{Principal: "/davical/caldav.php/{user}/", Home: "/davical/caldav.php/{user}/", Calendar: "/davical/caldav.php/{user}/{calendar}/"},
		Challenges:      []string{`Basic realm="DAViCal CalDAV Server"`},
		WellKnown:       WellKnown{Status: 301, Location: "/davical/caldav.php/", Absolute: true},
		HomeExtras:      []string{"calendar-proxy-read", "calendar-proxy-write"},
		Components:      []string{"VEVENT", "VTODO", "VJOURNAL"},
		Token:           TokenManner{Prefix: "data:,", Unknown: 207},
		CTag:            CTagQuoted,
		RepeatsMoment:   time.Microsecond,
		MultigetMissing: MissingLeftOut,
		MatchOneOnly:    true, NoNotModified: true, RaceWindow: 20 * time.Millisecond,
		Rewrite:         Rewriting{CRLF: true, ScheduleStatus: "3.7"},
		UIDConflict:     UIDDoubled,
		Refusals:        map[Defect]int{DefectEmpty: 412, DefectNotCalendar: 412, DefectCut: 500, DefectNoComponent: 412, DefectNoStart: 500},
		MissingCalendar: 405, MkcalendarAgain: 405, MoveStatus: 200, PostStatus: 400,
		NoGzip: true,
	}
}

// SabreDAV18 is SabreDAV 1.8.12 as Debian 12 has it: without sync-collection.
func SabreDAV18() Manners {
	return Manners{
		Layout:          Layout{Principal: "/principals/{user}/", Home: "/calendars/{user}/", Calendar: "/calendars/{user}/{calendar}/"},
		Challenges:      []string{`Basic realm="SabreDAV"`},
		OthersStatus:    207,
		HomeExtras:      []string{"outbox"},
		NoSync:          true,
		MultigetMissing: MissingFails, LFData: true,
		RaceWindow:  20 * time.Millisecond,
		UIDConflict: UIDDoubled,
		Refusals: map[Defect]int{
			DefectEmpty: 415, DefectNotText: 415, DefectNotCalendar: 415, DefectCut: 415, DefectNoComponent: 400, DefectNoUID: 400, DefectTwoUIDs: 400,
			DefectNoStart: 500, DefectBadStart: 500,
		},
		GzipBody: 415, MissingCalendar: 404, MoveStatus: 403, PostStatus: 501, GetCalendar: 501,
		DeleteMissing: 412, NoGzip: true, CloseEach: true, HrefForm: HrefLower, ErrorSpace: "http://sabredav.org/ns",
	}
}
