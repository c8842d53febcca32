// Package dav is the words of WebDAV and CalDAV as Go types: href, ETag, sync token, properties, request and multistatus
// bodies, the traits a server shows and the classes in which a request fails. It encodes and decodes; sending is left to
// caldav, and what is inside a calendar object resource to ical.
//
// What a server said is kept as it said it: an Href, ETag, SyncToken or CTag is opaque, is sent back byte for byte, and is
// compared only by its own function. RFC 4918 (WebDAV), RFC 4791 (CalDAV), RFC 6578 (sync-collection), RFC 3744 and
// RFC 5397 (privileges, principals).
package dav
