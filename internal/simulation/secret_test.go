package simulation

import (
	"fmt"
	"log/slog"
	"strings"

	"agendaonline/internal/oracle"
	"agendaonline/internal/store"
)

// searchEach: of so many histories one is searched for credentials, which takes as long as playing it.
const searchEach = 8

// log is what an engine logs by.
func (w *world) log() *slog.Logger {
	if w.logged == nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(&locking{w: w}, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// locking writes to the log of a history, of whose engines several goroutines may write.
type locking struct{ w *world }

func (l *locking) Write(text []byte) (int, error) {
	l.w.telling.Lock()
	defer l.w.telling.Unlock()
	return l.w.logged.Write(text)
}

// credentials is S6: what users sign in with stands in no log, no row, nothing that was written to a calendar, and nothing that
// was told of the history.
func (w *world) credentials() oracle.Report {
	if w.logged == nil {
		return oracle.Report{}
	}
	var secrets []oracle.Secret
	for _, of := range w.people {
		secrets = append(secrets, oracle.Secret{Name: "the password of " + of.User.Login, Value: password(of.User.Login)})
	}
	if w.grants != nil {
		secrets = append(secrets, oracle.Secret{Name: "the secret of the client", Value: clientSecret})
		for _, token := range w.grants.tokens {
			secrets = append(secrets, oracle.Secret{Name: "a token", Value: token})
		}
	}
	texts := []oracle.Text{{Where: "the log", Body: w.logged.String()}, {Where: "what was told", Body: strings.Join(w.told, "\n")}}
	for _, write := range w.server.Writes(1) {
		texts = append(texts, oracle.Text{Where: "a write to " + write.Href, Body: write.Sent})
	}
	must(w.store.Read(w.ctx, func(tx *store.Tx) error {
		sections, err := tx.DumpSections()
		if err != nil {
			return err
		}
		for _, section := range sections {
			var rows strings.Builder
			err := tx.DumpRows(section, func(values []any) error {
				for _, value := range values {
					if bytes, is := value.([]byte); is {
						value = string(bytes)
					}
					fmt.Fprintln(&rows, value)
				}
				return nil
			})
			if err != nil {
				return err
			}
			texts = append(texts, oracle.Text{Where: "the rows of " + section.Name, Body: rows.String()})
		}
		return nil
	}))
	return oracle.JudgeSecrets(secrets, texts)
}
