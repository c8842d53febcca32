package oracle

import "time"

// SignIn is one thing that bears on a user's password: the server let a request in or refused it, or a person gave a password.
type SignIn struct {
	User    string
	At      time.Time
	Refused bool
	Person  bool
}

// JudgeSignIns is S7: a password that was refused is tried once more, and then not again until a person acts (semantics 7). They are
// in the order they happened.
func JudgeSignIns(all []SignIn) Report {
	var r Report
	refused := map[string]int{}
	for _, one := range all {
		if !one.Refused {
			refused[one.User] = 0
			continue
		}
		r.judged("S7")
		if refused[one.User]++; refused[one.User] == 3 {
			r.broken("S7", 0, "the link of "+one.User, "a refused password is tried a third time, at %s", one.At.Format(time.DateTime))
		}
	}
	return r
}
