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
