// Package simulation runs whole engines - service, store with real SQL, planner, outbox, syncer, client - against the sandbox, in
// virtual time and one actor at a time, and has what they did judged by the oracle (docs/sync.md).
//
// A history is drawn from a seed: who is linked to which kind of server, and then steps: a person edits here, a person edits
// there, a node takes up due links, the seed lets one waiting goroutine of an engine pass one gate, a request goes wrong, a
// node is killed, a clock jumps. Nothing else decides what happens, so a seed run twice leaves the same trace. After the steps
// everything is healed and run until nothing moves, and the oracle is asked.
//
//	go test ./internal/simulation -seeds 2000 -from 1
//
// A history that breaks a rule is shrunk, by leaving out steps while it still breaks that rule, and told as a person reads it.
//
// Everything is in the tests: nothing of the product needs it.
package simulation
