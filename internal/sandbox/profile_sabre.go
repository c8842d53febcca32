package sandbox

// The sabre family as observed on real installations on 2026-11-23: sabre/dav 4.7.1, Nextcloud 25.0.12 and 32.0.2, ownCloud 10.11.0.

const sabreTokens = "http://sabre.io/ns/sync/"

// Sabre4 is sabre/dav 4.7.1 on its own.
func Sabre4() Manners {
	return Manners{
		Layout:       Layout{Principal: "/principals/{user}/", Home: "/calendars/{user}/", Calendar: "/calendars/{user}/{calendar}/"},
		Challenges:   []string{`Basic realm="sabre/dav", charset="UTF-8"`},
		OthersStatus: 207,
		HomeExtras:   []string{"inbox", "outbox"},
		MaxSize:      10_000_000, MaxSizeLoose: true,
		Token: TokenManner{Prefix: sabreTokens, Silent: true, Echo: true},
		CTag:  CTagToken, DataInSync: true, TokenNeeded: 400, TellsCollection: true, Limit: LimitHonoured,
		MultigetMissing: MissingLeftOut, QueryNeedsDepth: true,
		Rewrite:         Rewriting{MakeUID: true, ScheduleStatus: "3.7"},
		UIDConflict:     UIDDoubled,
		Refusals:        sabreRefusals(),
		MissingCalendar: 404, DeleteMissing: 412, MoveStatus: 403, PostStatus: 501, GetCalendar: 501,
		Mails: true, NoGzip: true, HrefForm: HrefLowerAt, ErrorSpace: "http://sabredav.org/ns",
	}
}

func sabreRefusals() map[Defect]int {
	return map[Defect]int{
		DefectEmpty: 415, DefectNotCalendar: 415, DefectCut: 415, DefectNoComponent: 415, DefectMethod: 415, DefectTwoUIDs: 415,
		DefectNoStart: 415, DefectBadStart: 415, DefectFrequency: 500, DefectComponent: 403,
	}
}

// Nextcloud32 is Nextcloud 32.0.2, with sabre/dav 4.7.0.
func Nextcloud32() Manners {
	m := Sabre4()
	m.Software = "Apache"
	m.Layout = Layout{
		Root: "/remote.php/dav/", Principal: "/remote.php/dav/principals/users/{user}/", Home: "/remote.php/dav/calendars/{user}/",
		Calendar: "/remote.php/dav/calendars/{user}/{calendar}/",
	}
	m.Challenges = []string{`Basic realm="Nextcloud", charset="UTF-8"`}
	m.WellKnown = WellKnown{Status: 301, Location: "/remote.php/dav/", Absolute: true}
	m.OthersStatus, m.InfiniteDepth, m.LockAfter = 404, 501, 11
	m.HomeExtras = []string{"inbox", "outbox", "trashbin"}
	m.MaxSize, m.MaxSizeLoose, m.MaxSizeStatus = 10<<20, false, 403
	m.Token.Echo = false
	m.Limit = LimitLossy
	m.Rewrite.ScheduleStatus = "5.0"
	m.UIDConflict, m.ReadOnlyStatus = UIDText, 404
	m.TrashKeepsUID, m.TrashKeepsName = 500, 1
	m.NoGzip, m.Cookies = false, true
	return m
}

// Nextcloud25 is Nextcloud 25.0.12, with sabre/dav 4.4.0.
func Nextcloud25() Manners {
	m := Nextcloud32()
	m.Teapot, m.LockAfter = true, 0
	m.MaxSizeLoose = true
	m.TrashKeepsUID, m.TrashKeepsName = 0, 2
	return m
}

// OwnCloud10 is ownCloud 10.11.0, with sabre/dav 4.4.0.
func OwnCloud10() Manners {
	m := Nextcloud32()
	m.Challenges = []string{`Bearer realm="ownCloud"`, `Basic realm="ownCloud", charset="UTF-8"`}
	m.OthersStatus, m.InfiniteDepth, m.LockAfter = 207, 412, 0
	m.HomeExtras = []string{"inbox", "outbox"}
	m.MaxSize, m.MaxSizeLoose = 10_000_000, true
	m.Teapot, m.Limit = true, LimitLossyNext
	m.UIDConflict = UIDDoubled
	m.TrashKeepsUID, m.TrashKeepsName = 0, 0
	m.NoGzip = true
	return m
}
