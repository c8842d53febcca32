package dav

import "encoding/xml"

// Name is an XML element's name with its namespace.
type Name = xml.Name

// The namespaces of the names below.
const (
	SpaceDAV            = "DAV:"
	SpaceCalDAV         = "urn:ietf:params:xml:ns:caldav"
	SpaceCalendarServer = "http://calendarserver.org/ns/"
	SpaceApple          = "http://apple.com/ns/ical/"
)

func davName(local string) Name    { return Name{Space: SpaceDAV, Local: local} }
func caldavName(local string) Name { return Name{Space: SpaceCalDAV, Local: local} }

// Properties that are asked for.
var (
	PropResourceType  = davName("resourcetype")                        // RFC 4918 section 15.9
	PropETag          = davName("getetag")                             // RFC 4918 section 15.6
	PropDisplayName   = davName("displayname")                         // RFC 4918 section 15.2
	PropSyncToken     = davName("sync-token")                          // RFC 6578 section 4
	PropReports       = davName("supported-report-set")                // RFC 3253 section 3.1.5
	PropPrivileges    = davName("current-user-privilege-set")          // RFC 3744 section 5.4
	PropOwner         = davName("owner")                               // RFC 3744 section 5.1
	PropPrincipal     = davName("current-user-principal")              // RFC 5397 section 3
	PropHomes         = caldavName("calendar-home-set")                // RFC 4791 section 6.2.1
	PropComponents    = caldavName("supported-calendar-component-set") // RFC 4791 section 5.2.3
	PropMaxSize       = caldavName("max-resource-size")                // RFC 4791 section 5.2.5
	PropCalendarData  = caldavName("calendar-data")                    // RFC 4791 section 9.6
	PropUserAddresses = caldavName("calendar-user-address-set")        // RFC 6638 section 2.4.1
	PropCTag          = Name{Space: SpaceCalendarServer, Local: "getctag"}
	PropColor         = Name{Space: SpaceApple, Local: "calendar-color"} // Apple's, kept by nearly every server
)

// Resource types.
var (
	TypeCollection = davName("collection")
	TypePrincipal  = davName("principal")
	TypeCalendar   = caldavName("calendar")
	TypeInbox      = caldavName("schedule-inbox")
	TypeOutbox     = caldavName("schedule-outbox")
	TypeSubscribed = Name{Space: SpaceCalendarServer, Local: "subscribed"}
)

// Reports.
var (
	ReportSyncCollection   = davName("sync-collection")
	ReportCalendarMultiget = caldavName("calendar-multiget")
	ReportCalendarQuery    = caldavName("calendar-query")
)

// Precondition elements of error bodies.
var (
	PreconditionValidSyncToken  = davName("valid-sync-token")                // RFC 6578 section 3.2
	PreconditionSupportedReport = davName("supported-report")                // RFC 3253 section 3.6
	PreconditionTooManyMatches  = davName("number-of-matches-within-limits") // RFC 6578 section 3.2
	PreconditionNeedPrivileges  = davName("need-privileges")                 // RFC 3744 section 7.1.1
	PreconditionUIDConflict     = caldavName("no-uid-conflict")              // RFC 4791 section 5.3.2.1
	PreconditionComponent       = caldavName("supported-calendar-component") // RFC 4791 section 5.3.2.1
	PreconditionSize            = caldavName("max-resource-size")            // RFC 4791 section 5.3.2.1
)
