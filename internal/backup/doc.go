// Package backup writes an installation's database into an archive that belongs to neither database, and restores it into an
// empty one of either kind: how a company keeps its work, and how it moves from SQLite to PostgreSQL.
//
// An archive is a gzip stream (RFC 1952) of JSON, a value a line:
//
//	{"format":"agenda backup","version":1,"schema":1,...,"sections":[{"name":"app_user","columns":[{"name":"active","type":"boolean"},...]},...]}
//	["AZ...",true,...]                               the rows of the first section: a value per column, bytes in base64
//	{"section":"app_user","rows":2,"sha256":"..."}   its end, with the digest of its rows' lines
//	...
//	{"end":true,"rows":1234,"sha256":"..."}          the end, with the digest of every line before it
//
// It holds rows as they are kept: credentials sealed, passwords as hashes. The key file is no part of it, and without the key
// file the credentials in it cannot be opened. Sessions are left out; who was signed in signs in again.
//
// The archive is of one moment and is taken while the program runs. Memory holds a row while writing, and 500 rows or
// a few MiB while restoring, however large the database is.
package backup
