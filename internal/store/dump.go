package store

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"agendaonline/internal/crm"
)

// DumpType is how the values of a column are given to and taken from a dump; NULL is nil in each.
type DumpType string

// The types of columns, the same on both databases.
const (
	DumpText    DumpType = "text"    // string
	DumpBytes   DumpType = "bytes"   // []byte
	DumpInteger DumpType = "integer" // int64
	DumpBoolean DumpType = "boolean" // bool
)

// DumpColumn is one column of a section.
type DumpColumn struct {
	Name string
	Type DumpType
}

// DumpSection is a part of a dump: the rows of one table. Sections are restored in the order of DumpSections, so that what a
// row refers to is there before it.
type DumpSection struct {
	Name    string
	Columns []DumpColumn // by name

	kind dumpKind
}

// dumpKind is what a section is made of.
type dumpKind struct {
	name    string
	table   string
	order   string
	without string // columns that are left out, with a comma behind each
	only    string // columns of a section that completes rows of an earlier one, found by id; "" for all of a table
	where   string
}

// dumpKinds are all tables but those of notDumped. An action may follow up one that was made later, so that goes into a
// section of its own; the numbers of arrival are given anew, in the same order.
var dumpKinds = []dumpKind{
	{name: "installation", order: "only_row"},
	{name: "settings", order: "only_row"},
	{name: "app_user", order: "id"},
	{name: "api_token", order: "id"},
	{name: "idempotency", order: "user_id, key"},
	{name: "choice", order: "id"},
	{name: "action", order: "seq", without: "seq,follows_up,"},
	{name: "action.follows_up", table: "action", order: "id", only: "follows_up,id,", where: " WHERE follows_up IS NOT NULL"},
	{name: "document", order: "action_id, position"},
	{name: "hidden_action", order: "action_id"},
	{name: "history", order: "action_id, changed_at, id"},
	{name: "link", order: "id"},
	{name: "oauth_grant", order: "id", where: " WHERE id IN (SELECT id FROM link WHERE ended_at IS NULL)"}, // not those of drafts
	{name: "resource", order: "id"},
	{name: "binding", order: "resource_id, recurrence_id"},
	{name: "alias", order: "calendar_key, uid_key"},
	{name: "tombstone", order: "id"},
	{name: "outbox", order: "link_id, action_id"},
	{name: "run", order: "id"},
	{name: "held", order: "id"},
}

// notDumped are the tables that mean nothing in another database: who is signed in, who runs a link, and what is being typed.
var notDumped = []string{"session", "lease", "link_draft", "wizard", "mail"}

// columnsQuery asks for the columns of a table that a row is inserted with, by name, and for their types.
var columnsQuery = map[string]string{
	sqliteDialect.name: "SELECT name, type FROM pragma_table_info($1) ORDER BY name",
	postgresDialect.name: `SELECT column_name, data_type FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name = $1 AND is_identity = 'NO' AND is_generated = 'NEVER' ORDER BY column_name COLLATE "C"`,
}

func (k dumpKind) from() string {
	if k.table != "" {
		return k.table
	}
	return k.name
}

// ErrNotEmpty says that a database to restore into holds rows already.
var ErrNotEmpty = errors.New("the database is not empty")

// Schema is the version of the database's schema.
func (tx *Tx) Schema() (int64, error) {
	var version int64
	err := tx.queryRow("load schema version", "SELECT MAX(version_id) FROM goose_db_version WHERE is_applied").Scan(&version)
	return version, err
}

// DumpSections are the parts of a dump, in their order: those whose table the database's version of the schema has.
func (tx *Tx) DumpSections() ([]DumpSection, error) {
	var sections []DumpSection
	for _, kind := range dumpKinds {
		section := DumpSection{Name: kind.name, kind: kind}
		for row, err := range tx.rows("load columns of "+kind.from(), columnsQuery[tx.store.dialect.name], kind.from()) {
			if err != nil {
				return nil, err
			}
			var name, declared string
			if err := row.Scan(&name, &declared); err != nil {
				return nil, err
			}
			if strings.Contains(kind.without, name+",") || kind.only != "" && !strings.Contains(kind.only, name+",") {
				continue
			}
			column := DumpColumn{Name: name}
			switch strings.ToUpper(declared) {
			case "TEXT":
				column.Type = DumpText
			case "BLOB", "BYTEA":
				column.Type = DumpBytes
			case "BIGINT", "INTEGER":
				column.Type = DumpInteger
			case "BOOLEAN":
				column.Type = DumpBoolean
			default:
				return nil, fmt.Errorf("column %s.%s is of type %s, which no dump knows", kind.from(), name, declared)
			}
			section.Columns = append(section.Columns, column)
		}
		if len(section.Columns) > 0 {
			sections = append(sections, section)
		}
	}
	return sections, nil
}

// DumpCount is how many rows a section has.
func (tx *Tx) DumpCount(section DumpSection) (int64, error) {
	var count int64
	err := tx.queryRow("count "+section.Name, "SELECT COUNT(*) FROM "+section.kind.from()+section.kind.where).Scan(&count)
	return count, err
}

// DumpRows calls visit with the values of each row of a section, in the order of its columns. The slice is used again for the
// next row. Rows are read as they are visited: memory holds one.
func (tx *Tx) DumpRows(section DumpSection, visit func(values []any) error) error {
	values, targets := make([]any, len(section.Columns)), make([]any, len(section.Columns))
	for i := range values {
		targets[i] = &values[i]
	}
	query := "SELECT " + strings.Join(section.names(), ", ") + " FROM " + section.kind.from() + section.kind.where + " ORDER BY " + section.kind.order
	for row, err := range tx.rows("dump "+section.Name, query) {
		if err != nil {
			return err
		}
		if err := row.Scan(targets...); err != nil {
			return err
		}
		for i, column := range section.Columns {
			if values[i], err = column.dumped(values[i]); err != nil {
				return fmt.Errorf("dump %s: %w", section.Name, err)
			}
		}
		if err := visit(values); err != nil {
			return err
		}
	}
	return nil
}

func (s DumpSection) names() []string {
	names := make([]string, len(s.Columns))
	for i, column := range s.Columns {
		names[i] = column.Name
	}
	return names
}

// dumped gives what a driver scanned the type of its column.
func (c DumpColumn) dumped(value any) (any, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case string:
		if c.Type == DumpText {
			return value, nil
		}
	case []byte:
		if c.Type == DumpBytes {
			return value, nil
		}
	case int64:
		switch c.Type {
		case DumpInteger:
			return value, nil
		case DumpBoolean:
			return value != 0, nil
		}
	case bool:
		if c.Type == DumpBoolean {
			return value, nil
		}
	}
	return nil, fmt.Errorf("column %s holds a %T", c.Name, value)
}

// restored checks what a dump gave for a column.
func (c DumpColumn) restored(value any) (any, error) {
	switch given := value.(type) {
	case nil:
		return nil, nil
	case string:
		if c.Type == DumpText {
			return given, nil
		}
	case []byte:
		if c.Type == DumpBytes {
			return opaque(string(given)), nil
		}
	case int64:
		if c.Type == DumpInteger {
			return given, nil
		}
	case bool:
		if c.Type == DumpBoolean {
			return given, nil
		}
	}
	return nil, fmt.Errorf("column %s is given a %T", c.Name, value)
}

// RequireEmpty fails with ErrNotEmpty when any table holds a row.
func (tx *Tx) RequireEmpty() error {
	tables := append([]string(nil), notDumped...)
	for _, kind := range dumpKinds {
		tables = append(tables, kind.from())
	}
	for _, table := range tables {
		var there, filled bool
		if err := tx.queryRow("look for "+table, "SELECT COUNT(*) > 0 FROM ("+columnsQuery[tx.store.dialect.name]+") AS columns", table).Scan(&there); err != nil {
			return err
		}
		if !there {
			continue
		}
		if err := tx.queryRow("look into "+table, "SELECT EXISTS (SELECT 1 FROM "+table+")").Scan(&filled); err != nil {
			return err
		}
		if filled {
			return fmt.Errorf("%w: there are rows in %s", ErrNotEmpty, table)
		}
	}
	return nil
}

// RestoreRows adds rows that DumpRows gave.
func (tx *Tx) RestoreRows(section DumpSection, rows [][]any) error {
	attempted := "restore " + section.Name
	checked := make([][]any, len(rows))
	for i, row := range rows {
		if len(row) != len(section.Columns) {
			return fmt.Errorf("%s: a row has %d values, not %d", attempted, len(row), len(section.Columns))
		}
		checked[i] = make([]any, len(row))
		for j, column := range section.Columns {
			var err error
			if checked[i][j], err = column.restored(row[j]); err != nil {
				return fmt.Errorf("%s: %w", attempted, err)
			}
		}
	}
	if section.kind.only != "" {
		return tx.completeRows(attempted, section, checked)
	}
	err := tx.insertRows(attempted, section.kind.from(), section.names(), len(checked), func(i int, values []any) { copy(values, checked[i]) })
	if err != nil || section.Name != "action" || tx.store.dialect.enterWords == "" {
		return err
	}
	_, err = tx.exec("enter words", tx.store.dialect.enterWords)
	return err
}

// completeRows fills in a column of rows that are there, which are found by id.
func (tx *Tx) completeRows(attempted string, section DumpSection, rows [][]any) error {
	names := section.names() // by name: follows_up, id
	for _, row := range rows {
		err := tx.execOne(ErrNotFound, attempted, "UPDATE "+section.kind.from()+" SET "+names[0]+" = $1 WHERE "+names[1]+" = $2", row[0], row[1])
		if err != nil {
			return err
		}
	}
	return nil
}

// FinishRestore makes a restored database one that can be run: every link that lives may be claimed, and is paused for a
// reason unless it was paused already, so that it does not write to the calendars of the installation it was copied from.
func (tx *Tx) FinishRestore(reason crm.Reason, at time.Time) error {
	_, err := tx.exec("restore leases", `INSERT INTO lease (link_id, owner, generation, expires_at, due_at, wanted, claimed, served, wanted_by)
		SELECT id, '', 0, 0, 0, 0, 0, 0, '' FROM link WHERE ended_at IS NULL`)
	if err != nil {
		return err
	}
	_, err = tx.exec("pause restored links", `UPDATE link SET version = version + 1, paused_at = $1, paused_by_kind = $2, paused_by_id = NULL, pause_reason = $3
		WHERE ended_at IS NULL AND paused_at IS NULL`, timeValue(at), string(crm.ActorSystem), string(reason))
	return err
}
