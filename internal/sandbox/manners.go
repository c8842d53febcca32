package sandbox

import (
	"net/url"
	"strings"
	"time"
)

// Manners is how a server behaves where servers differ: a Profile is a set of them. Each field says one thing, so that a test
// can change one and leave the rest. The zero value of a field is the standard's way wherever the standard has one.
type Manners struct {
	Software string // the Server header, "" for none
	Layout   Layout

	// Signing in.
	Challenges   []string // WWW-Authenticate headers of a 401; none at all at Google
	Open         string   // everybody is this user, whatever the credentials (Xandikos without a reverse proxy)
	OpenOptions  bool     // OPTIONS needs no sign-in (Google)
	BearerOnly   bool     // Basic is refused (Google)
	LockAfter    int      // failed sign-ins after which everybody gets 429; 0 is never (Nextcloud 32 does)
	OthersStatus int      // for somebody else's home or calendar; 0 is 403, 207 answers with every property refused

	// Discovery.
	WellKnown         WellKnown
	NoPrivileges      bool     // current-user-privilege-set is not told
	BareReports       bool     // supported-report-set without the report element around each (Xandikos 0.2.8)
	HomeExtras        []string // further collections listed in a home: "inbox/", "outbox/"
	Components        []string // of a calendar made without saying; nil is VEVENT and VTODO
	Addresses         AddressForm
	MaxSize           int64 // max-resource-size, told and enforced with MaxSizeStatus; 0 is none
	MaxSizeStatus     int   // 0 is 413
	MaxSizeLoose      bool  // told only, not enforced (sabre/dav)
	InfiniteDepth     int   // status for Depth: infinity; 0 serves it as far as this server is deep
	CalendarETag      bool  // the collection has a getetag (Radicale: the CTag)
	CTag              CTagForm
	NoCTag            bool
	AllpropTellsToken bool

	// sync-collection.
	NoSync          bool // no sync-token and no sync-collection (SabreDAV 1.8)
	TokenNeeded     int  // status without a sync-token element; 0 takes it as an empty one
	ReportFails     int  // sync-collection answers this though it is claimed; 0 works (GMX: 500)
	Token           TokenManner
	DataInSync      bool          // calendar-data may be asked for in the report
	LevelNeeded     int           // status without sync-level; 0 needs none
	LevelOneOnly    bool          // sync-level other than 1 is 400 (Xandikos)
	DepthZeroOnly   bool          // a Depth header other than 0 is 400, as RFC 6578 section 3.2 has it
	ListsDeleted    bool          // a first report lists what was deleted before it, as 404 (Radicale)
	HidesPassing    bool          // what was made and deleted between two reports is not told (Xandikos)
	RepeatsMoment   time.Duration // once something changed, what was written within the same span as the token's last change comes again (DAViCal)
	TellsCollection bool          // after a PROPPATCH the report tells of the collection itself, without slash (sabre)
	Teapot          bool          // a deleted member has its status before the href and a 418 propstat (sabre/dav up to 4.4)
	Limit           LimitManner
	Backwards       bool // members are told last first
	PageSize        int  // members of one report at most, the rest announced by 507; 0 is all

	// Other reports.
	MultigetMissing  MissingManner
	QueryWithoutData bool // calendar-query answers with empty calendar-data (Google)
	QueryNeedsDepth  bool // 400 without Depth: 1 (sabre/dav 4)
	CRReferences     bool // carriage returns in calendar-data as &#13; instead of literally
	LFData           bool // calendar-data with LF line ends only (SabreDAV 1.8)

	// ETags.
	ETag            ETagForm
	WeakETags       bool          // W/"..." everywhere
	UnquotedETags   bool          // without quotes in listings (Yandex)
	NoETags         bool          // listings have none
	RestlessETags   bool          // another ETag for the same text at every listing
	NoPutETag       bool          // no answer to a PUT has one
	IgnoresMatch    bool          // If-Match is not looked at
	IgnoresNone     bool          // If-None-Match: * is not looked at
	DeleteUnguarded bool          // If-Match is not looked at on DELETE (Google, DavMail)
	MatchMissingOK  bool          // If-Match on a missing href creates it (SOGo)
	MatchOneOnly    bool          // a list in If-Match never matches (Radicale, DAViCal)
	RaceWindow      time.Duration // an If-Match that names what was replaced less than this ago still succeeds (DAViCal, SabreDAV 1.8)
	NoNotModified   bool          // GET with If-None-Match sends the body all the same
	GzipETags       bool          // a compressed answer has -gzip in its ETag (Apache)

	// Writing.
	Rewrite         Rewriting
	ChangedStatus   int // of a PUT onto something; 0 is 204 (Radicale 201)
	UIDConflict     UIDConflict
	UIDTaken        bool           // a UID is unique over the whole server of one user (Zimbra, Cyrus)
	OtherUID        int            // status for another UID onto an existing href; 0 takes it
	Refusals        map[Defect]int // status for a defective body; 207 puts a 412 inside; missing or 0 takes it
	Organizers      int            // status for a PUT of an event whose ORGANIZER is somebody else; 0 takes it
	Sequence        bool           // 409 for a SEQUENCE lower than the stored one (Google)
	NoChunks        bool           // a body without Content-Length is 400
	GzipBody        int            // status for a compressed request body; 0 takes it
	MissingCalendar int            // status of a PUT into a calendar that is not there; 0 is 409
	ReadOnlyStatus  int            // of a write without the right; 0 is 403 with need-privileges (Nextcloud 404)
	TrashKeepsUID   int            // status for a PUT of the UID of something deleted; 0 takes it (Nextcloud 32: 500)
	TrashKeepsName  int            // how often one name can be deleted, a DELETE after that is 403 for good; 0 is always (Nextcloud)
	Mails           bool           // tells guests of changes: counted in the log
	IgnoresAgent    bool           // also when SCHEDULE-AGENT=CLIENT asks not to (Google)
	PutReplaces     bool           // a PUT onto the collection replaces every member (Radicale)
	DeleteBody      bool           // DELETE answers 200 with a multistatus (Radicale)
	DeleteMissing   int            // status of a DELETE with If-Match of what is not there; 0 is 404
	NoMkcalendar    bool
	MkcalendarAgain int // status for a MKCALENDAR where something is; 0 is 405, 207 puts a 403 inside
	MoveStatus      int // of a MOVE within a calendar; 0 is 201, 4xx and 5xx refuse it, 405 and 501 between calendars too
	PostStatus      int // of a POST onto a calendar; 0 is 405
	GetCalendar     int // of a GET of a calendar; 0 is 200 with some words

	// Answers.
	NoGzip        bool
	CloseEach     bool          // the connection ends after each answer (Radicale on its own server)
	HrefForm      HrefForm      // how hrefs are written in answers
	SlashlessHref bool          // the href of a calendar that was asked without its slash comes without it
	ErrorSpace    string        // namespace of a sabre-like exception in error bodies, "" for none
	Cookies       bool          // sets a cookie with each answer (Google, Nextcloud)
	ClockOff      time.Duration // of the Date header and of every time it writes
	NoDate        bool          // no Date header
}

// Layout is where things lie. {user} and {calendar} stand for one segment each.
type Layout struct {
	Principal string // "/principals/{user}/"
	Home      string // "/calendars/{user}/"
	Root      string // what lies above it is not served; "" serves "/"
	Calendar  string // "/calendars/{user}/{calendar}/"; without {user} it is found in the home of who asks
}

func (l Layout) principal(user string) string { return fill(l.Principal, user, "") }
func (l Layout) home(user string) string      { return fill(l.Home, user, "") }
func (l Layout) calendar(user, calendar string) string {
	return fill(l.Calendar, user, calendar)
}

func fill(template, user, calendar string) string {
	return strings.NewReplacer("{user}", url.PathEscape(user), "{calendar}", url.PathEscape(calendar)).Replace(template)
}

// WellKnown is how /.well-known/caldav answers (RFC 6764 section 5).
type WellKnown struct {
	Status   int    // of the redirect; 0 is 404
	Location string // a path; with Absolute it is sent as a whole URL
	Absolute bool
}

// AddressForm is what calendar-user-address-set holds.
type AddressForm string

// What it holds.
const (
	AddressMail      AddressForm = ""          // e-mail addresses and the principal
	AddressPrincipal AddressForm = "principal" // the principal only
	AddressNone      AddressForm = "none"      // nothing: it is not told
)

// CTagForm is what getctag looks like.
type CTagForm string

// The forms of a CTag.
const (
	CTagCounter CTagForm = ""       // a number
	CTagQuoted  CTagForm = "quoted" // a quoted hash of the state
	CTagToken   CTagForm = "token"  // the sync token itself
)

// TokenForm is what a sync token is made of.
type TokenForm string

// The forms of a token.
const (
	TokenCounter   TokenForm = ""           // Prefix and the number of the last change (sabre, DAViCal)
	TokenHash      TokenForm = "hash"       // Prefix and a hash that is another at each change (Radicale)
	TokenStateHash TokenForm = "state_hash" // a hash of the members: an undone change gives an old token again (Xandikos)
	TokenSeconds   TokenForm = "seconds"    // seconds since 1970 of the last change, less one (SOGo)
)

// TokenManner is what tokens are and what becomes of one that the server cannot know.
type TokenManner struct {
	Form   TokenForm
	Prefix string
	// Unknown is the status for an unknown token: 0 or 403 with the precondition valid-sync-token; 207 takes it as an empty
	// one and lists everything without a word (DAViCal); any other without the precondition (Xandikos 500).
	Unknown int
	// UnknownPrecondition adds the precondition to a status other than 403.
	UnknownPrecondition bool
	// Silent answers a well-formed number that was never given with no changes at all, and a forgotten one with what is left
	// of the history (sabre family, Nextcloud, ownCloud).
	Silent bool
	// Echo answers such a number with itself instead of the current token (sabre/dav 4).
	Echo bool
}

// LimitManner is what becomes of DAV:limit in a sync-collection report.
type LimitManner string

// What is done with a limit.
const (
	LimitIgnored   LimitManner = ""
	LimitHonoured  LimitManner = "honoured"
	LimitLossy     LimitManner = "lossy"      // incremental: cut without a word, with the newest token; first report: all 507 (Nextcloud)
	LimitLossyNext LimitManner = "lossy_next" // the same, but ignored in a first report (ownCloud)
	LimitStrict    LimitManner = "strict"     // white space within it is 400, else ignored (Xandikos)
)

// MissingManner is what a multiget says of an href where nothing is.
type MissingManner string

// What is said of it.
const (
	MissingTold    MissingManner = ""         // a response with 404
	MissingLeftOut MissingManner = "left_out" // nothing (DAViCal, sabre family)
	MissingFails   MissingManner = "fails"    // the whole report is 404 (SabreDAV 1.8)
)

// ETagForm is what an ETag is made of.
type ETagForm string

// The forms of an ETag.
const (
	ETagContent ETagForm = ""        // 32 hexadecimal digits of a hash of the stored text: equal texts, equal ETags
	ETagMiddle  ETagForm = "sha1"    // the same in 40
	ETagLong    ETagForm = "sha256"  // the same in 64
	ETagCounter ETagForm = "counter" // another at each write
	ETagSeconds ETagForm = "seconds" // a number of one-second resolution: two writes in one second share it (Google)
)

// UIDConflict is what becomes of a PUT whose UID lives under another href of the calendar.
type UIDConflict string

// What becomes of it.
const (
	UIDRefused     UIDConflict = ""        // 409 with no-uid-conflict and the href
	UIDForbidden   UIDConflict = "403"     // the same as 403
	UIDMultistatus UIDConflict = "207"     // 207, within it 412 and no-uid-conflict (Xandikos)
	UIDText        UIDConflict = "400"     // 400 without a precondition (Nextcloud 32)
	UIDDoubled     UIDConflict = "doubled" // stored twice (DAViCal, sabre/dav, ownCloud)
)

// HrefForm is how hrefs are written in answers.
type HrefForm string

// The forms of hrefs.
const (
	HrefAsSent    HrefForm = ""          // each segment as it was when it was made
	HrefLower     HrefForm = "lower"     // escaped anew, with small hexadecimal letters (SabreDAV 1.8)
	HrefLowerAt   HrefForm = "lower_at"  // the same, @ left as it is (sabre/dav 4)
	HrefAlternate HrefForm = "alternate" // @ by turns as %40 and as it is (Google)
	HrefAbsolute  HrefForm = "absolute"  // whole URLs
)

// Defect is what is wrong with the text of a calendar object resource that was sent.
type Defect string

// The defects, those that are looked for first standing first.
const (
	DefectEmpty       Defect = "empty"        // no text at all
	DefectNotCalendar Defect = "not_calendar" // not iCalendar
	DefectCut         Defect = "cut"          // ends before END:VCALENDAR
	DefectNoComponent Defect = "no_component" // a VCALENDAR with nothing in it
	DefectMethod      Defect = "method"       // METHOD, which RFC 4791 section 4.1 forbids
	DefectNoUID       Defect = "no_uid"
	DefectTwoUIDs     Defect = "two_uids"
	DefectNoStart     Defect = "no_start"  // a VEVENT without DTSTART
	DefectBadStart    Defect = "bad_start" // DTSTART is no date
	DefectNoMaster    Defect = "no_master" // an override without its master
	DefectNoLength    Defect = "no_length" // a timed event without end, or one that ends when it starts
	DefectFrequency   Defect = "frequency" // an RRULE with a FREQ that is none
	DefectComponent   Defect = "component" // a component that the calendar is not for
	DefectNotText     Defect = "not_text"  // not UTF-8
)

// Rewriting is what a server makes of the text it is given. An answer to a PUT has no ETag when more than line ends was
// changed, unless Silently.
type Rewriting struct {
	Silently       bool   // with an ETag all the same (Radicale, Xandikos: of the stored form)
	MakeUID        bool   // a UID where there is none
	CRLF           bool   // line ends
	Fold           bool   // folded anew at 75 octets
	Sort           bool   // properties of each component sorted by name
	DropX          bool   // X- properties
	DropParameters bool   // X- parameters, ALTREP
	DropAlarms     bool   // VALARM
	AddAlarm       bool   // a default VALARM where there is none
	HTML           bool   // DESCRIPTION as HTML
	Stamp          bool   // DTSTAMP and LAST-MODIFIED of the write; CREATED kept
	ProductID      string // PRODID, "" leaves it
	ScheduleStatus string // SCHEDULE-STATUS on each ATTENDEE of an event that the calendar's owner organizes, "" for none
	SubjectLimit   int    // SUMMARY cut to so many characters; 0 is none
}
