// Package interop holds the program to its rules on real calendar servers: whole scenarios of two sides, through service, store,
// syncer and client, with every write seen by a witness between them and the judge of package oracle at the end. It has tests
// only. Its folders start the servers (servers) and see what happens (witness).
package interop
