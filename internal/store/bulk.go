package store

import (
	"fmt"
	"strings"
)

// bulkValues is about how many values go into one statement of a bulk insert: enough for the cost of a statement not to
// count, few enough for its text to be parsed quickly.
const bulkValues = 4000

// insertRows inserts many rows with few statements. Each row has one value per column.
func (tx *Tx) insertRows(attempted, table string, columns []string, count int, row func(i int, values []any)) error {
	return tx.putRows(attempted, table, columns, "", count, row)
}

// putRows is insertRows with an ON CONFLICT clause. No two rows may conflict with each other.
func (tx *Tx) putRows(attempted, table string, columns []string, conflict string, count int, row func(i int, values []any)) error {
	d := tx.store.dialect
	width := len(columns)
	perStatement := max(1, min(bulkValues, d.maxParams)/width)
	values := make([]any, min(count, perStatement)*width)
	text := ""
	for from := 0; from < count; from += perStatement {
		n := min(perStatement, count-from)
		if text == "" || n < perStatement {
			text = insertText(d, table, columns, n) + conflict
		}
		values = values[:n*width]
		for i := range n {
			row(from+i, values[i*width:(i+1)*width])
		}
		if _, err := tx.exec(attempted, text, values...); err != nil {
			return err
		}
	}
	return nil
}

func insertText(d *dialect, table string, columns []string, rows int) string {
	var text strings.Builder
	fmt.Fprintf(&text, "INSERT INTO %s (%s) VALUES ", table, strings.Join(columns, ", "))
	for i := range rows {
		if i > 0 {
			text.WriteString(", ")
		}
		if d.countedParams {
			text.WriteString("(" + d.params(i*len(columns)+1, len(columns)) + ")")
		} else {
			text.WriteString("(?" + strings.Repeat(", ?", len(columns)-1) + ")")
		}
	}
	return text.String()
}

// listed runs a query over many ids in parts: query gets the text of an IN list and is asked once for each part.
func listed[T any](tx *Tx, items []T, value func(T) any, query func(list string, values []any) error) error {
	const part = 500
	for from := 0; from < len(items); from += part {
		chunk := items[from:min(from+part, len(items))]
		values := make([]any, len(chunk))
		for i, item := range chunk {
			values[i] = value(item)
		}
		if err := query("("+tx.store.dialect.params(1, len(chunk))+")", values); err != nil {
			return err
		}
	}
	return nil
}
