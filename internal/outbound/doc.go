// Package outbound is the one way out of the program: a guarded dialler that looks at every address at the moment it is
// dialled, an allow-list that an administrator keeps, a transport with certificates checked and failures named, a limiter
// per host, and the origins to which credentials may go. It knows nothing of calendars; what an answer means is left to
// caldav and oauth.
//
//	request -> scheme http(s)? -> host held after a 429? -> one of 8 places of the host -> dial: port and address allowed?
//	                                                                                        -> TLS -> answer
//
// Proxies of the environment are not used: they would make the check at the dial meaningless.
package outbound
