package store

import (
	"slices"
	"strings"
	"sync"
)

// rowsAtOnce are how many rows a statement of a bulk insert has: as many as are left of the largest that fits. There are few
// sizes, so that each statement is prepared once and kept; the largest is enough for the cost of a statement not to count.
var rowsAtOnce = [...]int{64, 16, 4, 1}

// insertRows inserts many rows with few statements. Each row has one value per column.
func (tx *Tx) insertRows(attempted, table string, columns []string, count int, row func(i int, values []any)) error {
	return tx.putRows(attempted, table, columns, "", count, row)
}

// putRows is insertRows with an ON CONFLICT clause. No two rows may conflict with each other.
func (tx *Tx) putRows(attempted, table string, columns []string, conflict string, count int, row func(i int, values []any)) error {
	if count == 0 {
		return nil
	}
	width := len(columns)
	values := make([]any, min(count, rowsAtOnce[0])*width)
	from := 0
	for _, n := range rowsAtOnce {
		for ; count-from >= n; from += n {
			values := values[:n*width]
			for i := range n {
				row(from+i, values[i*width:(i+1)*width])
			}
			if _, err := tx.exec(attempted, insertText(tx.store.dialect, table, columns, conflict, n), values...); err != nil {
				return err
			}
		}
	}
	return nil
}

// insertTexts are the texts that insertText has made, by their beginning, number of rows and form.
var insertTexts sync.Map

type insertName struct {
	beginning, conflict string
	rows                int
	counted             bool
}

func insertText(d *dialect, table string, columns []string, conflict string, rows int) string {
	beginning := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES "
	name := insertName{beginning, conflict, rows, d.countedParams}
	if text, made := insertTexts.Load(name); made {
		return text.(string)
	}
	var text strings.Builder
	text.WriteString(beginning)
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
	text.WriteString(conflict)
	insertTexts.Store(name, text.String())
	return text.String()
}

// listSizes are how many values a list has: the smallest that holds them, filled up with the last. There are few sizes, so
// that the queries with lists are few and are prepared once.
var listSizes = [...]int{1, 4, 16, 64, 256}

// listed runs a query over many ids in parts: query gets the text of an IN list and is asked once for each part. An id may
// stand in the list several times.
func listed[T any](tx *Tx, items []T, value func(T) any, query func(list string, values []any) error) error {
	const part = 256
	for from := 0; from < len(items); from += part {
		chunk := items[from:min(from+part, len(items))]
		size := part
		for _, larger := range slices.Backward(listSizes[:]) {
			if len(chunk) <= larger {
				size = larger
			}
		}
		values := make([]any, size, size+2) // and those that query adds
		for i, item := range chunk {
			values[i] = value(item)
		}
		for i := len(chunk); i < size; i++ {
			values[i] = values[len(chunk)-1]
		}
		if err := query("("+tx.store.dialect.params(1, size)+")", values); err != nil {
			return err
		}
	}
	return nil
}
