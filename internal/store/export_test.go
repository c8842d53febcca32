package store

// SetNarrowRows makes searches on few rows choose their way as if there were many.
func SetNarrowRows(s *Store, n int) { s.narrowRows = n }

// Key orders places as text.
func (c Cursor) Key() string { return c.sortKey + "\x00" + string(c.id[:]) }
