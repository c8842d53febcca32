package store

import "context"

// SetWays makes searches on few rows choose their way as if there were many: how many are looked up, and how many walked along.
func SetWays(s *Store, narrow, probes [2]int) { s.narrowRows, s.probes = narrow, probes }

// SetTrace lets a test hear every statement.
func SetTrace(s *Store, trace func(query string, args []any)) { s.trace = trace }

// Exec runs a statement past all rules of the package.
func Exec(s *Store, statement string) error {
	_, err := s.write.ExecContext(context.Background(), statement)
	return err
}

// Strings are the rows of a query, the columns of each joined by spaces.
func Strings(s *Store, query string, args ...any) ([]string, error) {
	rows, err := s.write.QueryContext(context.Background(), query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all []string
	for rows.Next() {
		cells, targets := make([]string, len(columns)), make([]any, len(columns))
		for i := range cells {
			targets[i] = &cells[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		line := cells[0]
		for _, cell := range cells[1:] {
			line += " " + cell
		}
		all = append(all, line)
	}
	return all, rows.Err()
}

// Key orders places as text.
func (c Cursor) Key() string { return c.sortKey + "\x00" + string(c.id[:]) }

// Synchronous is how SQLite waits for the disk at the end of a transaction.
func Synchronous(tx *Tx) string {
	var setting string
	if err := tx.sql.QueryRow("PRAGMA synchronous").Scan(&setting); err != nil {
		return err.Error()
	}
	return setting
}
