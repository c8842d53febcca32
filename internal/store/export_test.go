package store

import "context"

// SetNarrowRows makes searches on few rows choose their way as if there were many.
func SetNarrowRows(s *Store, n int) { s.narrowRows = n }

// SetProbes makes searches walk along so many rows before they choose an index.
func SetProbes(s *Store, rows ...int) { s.probes = rows }

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
