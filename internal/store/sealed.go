package store

import (
	"fmt"

	"agendaonline/internal/crm"
)

// Sealed is a sealed value and where it is kept: what binds it to its place.
type Sealed struct {
	Table, Column string
	ID            crm.LinkID
	Value         []byte
}

// sealedColumns are all columns that hold sealed values. Their rows have the ids of links.
var sealedColumns = []struct{ table, column string }{{"link", "secret"}, {"link", "tls_sealed"}, {"oauth_grant", "sealed"}, {"link_draft", "sealed"}, {"wizard", "sealed"}}

// SealedValues are the sealed values that come after one, the first ones after the zero Sealed: by table and column, then by id, limit at
// most. Drafts that expired are among them until they are forgotten.
func (tx *Tx) SealedValues(after Sealed, limit int) ([]Sealed, error) {
	var found []Sealed
	begun := after.Table == ""
	for _, at := range sealedColumns {
		from := crm.LinkID{}
		switch {
		case begun:
		case at.table == after.Table && at.column == after.Column:
			begun, from = true, after.ID
		default:
			continue
		}
		query := fmt.Sprintf("SELECT id, %[2]s FROM %[1]s WHERE id > $1 AND %[2]s IS NOT NULL ORDER BY id LIMIT $2", at.table, at.column)
		for row, err := range tx.rows("load what is sealed in "+at.table, query, from[:], limit-len(found)) {
			if err != nil {
				return nil, err
			}
			one := Sealed{Table: at.table, Column: at.column}
			if err := row.Scan(intoID(&one.ID), &one.Value); err != nil {
				return nil, err
			}
			found = append(found, one)
		}
		if len(found) == limit {
			break
		}
	}
	return found, nil
}

// Reseal replaces a sealed value by another form of the same; nothing else of its row changes. ErrVersion: the value that is there
// is another one by now, or is gone.
func (tx *Tx) Reseal(sealed Sealed, value []byte) error {
	for _, at := range sealedColumns {
		if at.table == sealed.Table && at.column == sealed.Column {
			return tx.execOne(ErrVersion, "reseal "+at.table+" "+sealed.ID.String(),
				fmt.Sprintf("UPDATE %[1]s SET %[2]s = $2 WHERE id = $1 AND %[2]s = $3", at.table, at.column), idValue(sealed.ID), value, sealed.Value)
		}
	}
	return fmt.Errorf("reseal %s.%s: nothing is sealed there", sealed.Table, sealed.Column)
}
