package store_test

import (
	"slices"
	"strings"
	"testing"

	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

// Every table and column is in a dump or named as one that is not, and both databases dump the same.
func TestDump_has_every_table_and_column(t *testing.T) {
	t.Parallel()
	dumped := map[string][]string{}
	for name, s := range map[string]*store.Store{"SQLite": storetest.Open(t, storetest.SQLite(t)), "PostgreSQL": storetest.Open(t, storetest.PostgreSQL(t))} {
		err := s.Read(t.Context(), func(tx *store.Tx) error {
			sections, err := tx.DumpSections()
			for _, section := range sections {
				for _, column := range section.Columns {
					dumped[name] = append(dumped[name], section.Name+"."+column.Name+" "+string(column.Type))
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(dumped["SQLite"], dumped["PostgreSQL"]) {
		t.Errorf("SQLite dumps\n%v\nPostgreSQL\n%v", dumped["SQLite"], dumped["PostgreSQL"])
	}
	s := storetest.Open(t, storetest.SQLite(t))
	columns := queried(t, s, `SELECT t.name || '.' || c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE 'action_words%' AND t.name NOT LIKE 'goose%'`)
	for _, column := range columns {
		table, _, _ := strings.Cut(column, ".")
		if table == "session" || table == "lease" || table == "link_draft" || table == "wizard" || table == "mail" || column == "action.seq" {
			continue
		}
		if column == "action.follows_up" {
			column = "action.follows_up.follows_up"
		}
		if !slices.ContainsFunc(dumped["SQLite"], func(d string) bool { return strings.HasPrefix(d, column+" ") }) {
			t.Errorf("no dump has %s", column)
		}
	}
}
