package sandbox

import (
	"net/http"
)

// What follows is made from documents, issue trackers and source texts, not from a probe of the servers: hence "like".

// CyrusLike has the manners of Cyrus IMAP: long reports in pages of its own choosing, a UID once in all of a user's calendars.
func CyrusLike() Manners {
	m := Plain()
	m.Software = "Cyrus-HTTP"
	m.Layout = Layout{
		Root: "/dav/", Principal: "/dav/principals/user/{user}/", Home: "/dav/calendars/user/{user}/", Calendar: "/dav/calendars/user/{user}/{calendar}/",
	}
	m.Challenges = []string{`Basic realm="cyrus", charset="UTF-8"`}
	m.WellKnown = WellKnown{Status: http.StatusMovedPermanently, Location: "/dav/"}
	m.HomeExtras = []string{"Inbox", "Outbox"}
	m.Token = TokenManner{Prefix: "data:,1690000000-"}
	m.CTag, m.Limit, m.PageSize = CTagToken, LimitHonoured, 100
	m.UIDTaken, m.UIDConflict = true, UIDForbidden
	m.Rewrite = Rewriting{ScheduleStatus: "5.1"}
	m.Mails = true
	return m
}

// SOGoLike has the manners of SOGo: its token is a time in seconds that repeats and accepts nearly everything, and a PUT with
// If-Match makes what is not there.
func SOGoLike() Manners {
	m := Plain()
	m.Software = "SOGo"
	m.Layout = Layout{Root: "/SOGo/dav/", Principal: "/SOGo/dav/{user}/", Home: "/SOGo/dav/{user}/Calendar/", Calendar: "/SOGo/dav/{user}/Calendar/{calendar}/"}
	m.Challenges = []string{`Basic realm="SOGo"`}
	m.WellKnown = WellKnown{Status: http.StatusFound, Location: "/SOGo/dav/"}
	m.Token = TokenManner{Form: TokenSeconds}
	m.CTag, m.ETag = CTagToken, ETagCounter
	m.MatchMissingOK = true
	m.Refusals = map[Defect]int{DefectEmpty: 400, DefectNotCalendar: 400, DefectCut: 400, DefectNoComponent: 400}
	m.Mails = true
	return m
}

// GoogleLike has the manners of Google Calendar's CalDAV version 2, with passwords in place of access tokens until BearerOnly is
// set. A user's calendar has the e-mail address as its name.
func GoogleLike() Manners {
	return Manners{
		Software:    "GSE",
		Layout:      Layout{Root: "/caldav/v2/", Principal: "/caldav/v2/{user}/user", Home: "/caldav/v2/{user}/", Calendar: "/caldav/v2/{calendar}/events/"},
		OpenOptions: true,
		Components:  []string{"VEVENT"},
		Token:       TokenManner{Prefix: "/caldav/v2/sync/"},
		CTag:        CTagQuoted, DataInSync: true, TokenNeeded: 400, LevelNeeded: 400, Limit: LimitHonoured,
		QueryWithoutData: true,
		ETag:             ETagSeconds, NoPutETag: true, IgnoresNone: true, DeleteUnguarded: true,
		Rewrite: Rewriting{
			CRLF: true, DropX: true, DropParameters: true, AddAlarm: true, HTML: true, Stamp: true, ProductID: "-//Google Inc//Google Calendar 70.9054//EN",
		},
		OtherUID: 409, UIDConflict: UIDRefused, Sequence: true, Organizers: 403, TrashKeepsUID: 409,
		Refusals: map[Defect]int{
			DefectEmpty: 400, DefectNotText: 400, DefectNotCalendar: 400, DefectCut: 400, DefectNoComponent: 400, DefectComponent: 403,
			DefectMethod: 400, DefectNoUID: 400, DefectTwoUIDs: 400, DefectNoStart: 400, DefectBadStart: 400, DefectFrequency: 400,
		},
		NoMkcalendar: true, MoveStatus: 501,
		Mails: true, IgnoresAgent: true,
		Cookies: true, HrefForm: HrefAlternate,
	}
}

// Profile is a name and the manners of the server it stands for.
type Profile struct {
	Name    string
	Manners func() Manners
}

// Profiles are all of them, for tests that run over each. The first is the plain one.
var Profiles = []Profile{
	{"plain", Plain}, {"radicale", Radicale}, {"xandikos", Xandikos}, {"davical", DAViCal}, {"sabredav-1.8", SabreDAV18}, {"sabre-4", Sabre4},
	{"nextcloud-25", Nextcloud25}, {"nextcloud-32", Nextcloud32}, {"owncloud-10", OwnCloud10},
	{"cyrus-like", CyrusLike}, {"sogo-like", SOGoLike}, {"google-like", GoogleLike},
}
