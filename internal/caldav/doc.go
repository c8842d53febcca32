// Package caldav talks to calendar servers: it finds a person's calendars from what was typed (RFC 6764), lists and reads
// their members, and writes them under a precondition. It carries the bodies of events as bytes and decides nothing about
// them. The words of the protocol are dav's, the way out is outbound's.
//
//	request -> origin approved? https, or http ticked? -> signed in -> outbound -> 3xx: the same request again, 5 times at most
//	                                                                            -> 401: Credentials may ask for one more try
//	                                                                            -> read within the limits -> result or *dav.Failure
//
// Each error is a *dav.Failure, classed here where the answer is read, or the error of the context. A failure's text holds
// neither credentials nor calendar text.
//
// RFC 4791 (CalDAV), RFC 6578 (sync-collection), RFC 6764 (discovery), RFC 7617 (Basic), RFC 7616 (Digest). Where servers
// deviate the comment names the server; docs/interop.md has the table.
package caldav
