package sandbox

import "net/http"

// Plain is a server that does as the standards say, and gives whatever a client may hope for.
func Plain() Manners {
	return Manners{
		Software:   "sandbox",
		Layout:     Layout{Principal: "/principals/{user}/", Home: "/calendars/{user}/", Calendar: "/calendars/{user}/{calendar}/"},
		Challenges: []string{`Basic realm="sandbox", charset="UTF-8"`},
		WellKnown:  WellKnown{Status: http.StatusMovedPermanently, Location: "/"},
		MaxSize:    10 << 20, MaxSizeStatus: http.StatusForbidden,
		Token:      TokenManner{Prefix: "http://agenda.invalid/ns/sync/"},
		DataInSync: true,
		Refusals: map[Defect]int{
			DefectEmpty: 403, DefectNotText: 403, DefectNotCalendar: 403, DefectCut: 403, DefectNoComponent: 403, DefectComponent: 403,
			DefectMethod: 403, DefectNoUID: 403, DefectTwoUIDs: 403, DefectNoStart: 403, DefectBadStart: 403,
		},
	}
}

// Radicale is 3.1.8 as Debian 12 has it.
func Radicale() Manners {
	return Manners{
		Software:   "",
		Layout:     Layout{Principal: "/{user}/", Home: "/{user}/", Calendar: "/{user}/{calendar}/"},
		Challenges: []string{`Basic realm="Radicale - Password Required"`},
		WellKnown:  WellKnown{Status: http.StatusMovedPermanently, Location: "/"},
		Token:      TokenManner{Form: TokenHash, Prefix: "http://radicale.org/ns/sync/"},
		CTag:       CTagQuoted, CalendarETag: true, AllpropTellsToken: true,
		DataInSync: true, ListsDeleted: true,
		MatchOneOnly: true, NoNotModified: true,
		Rewrite:       Rewriting{Silently: true, CRLF: true, Fold: true, Sort: true},
		ChangedStatus: 201, OtherUID: 409,
		Refusals: map[Defect]int{
			DefectEmpty: 400, DefectNotText: 400, DefectNotCalendar: 400, DefectCut: 400, DefectNoUID: 400, DefectTwoUIDs: 400,
			DefectNoStart: 400, DefectBadStart: 400, DefectNoMaster: 400,
		},
		NoChunks: true, GzipBody: 400, MissingCalendar: 409, MkcalendarAgain: 409,
		PutReplaces: true, DeleteBody: true, DeleteMissing: 412, CloseEach: true,
	}
}
