package store

import "agendaonline/internal/crm"

// LinkTLS are the sealed certificate, key and authorities of a link; nil without any.
func (tx *Tx) LinkTLS(id crm.LinkID) ([]byte, error) {
	var sealed []byte
	err := tx.queryRow("load certificate of link "+id.String(), "SELECT tls_sealed FROM link WHERE id = $1", idValue(id)).Scan(&sealed)
	return sealed, err
}

// SetLinkTLS replaces them, and what is shown of them; nil and the zero LinkTLS leave none. ErrNotFound: the link has ended.
func (tx *Tx) SetLinkTLS(id crm.LinkID, sealed []byte, shown crm.LinkTLS) error {
	text := ""
	if !shown.IsZero() {
		text = jsonValue(shown)
	}
	return tx.execOne(ErrNotFound, "set certificate of link "+id.String(), "UPDATE link SET tls_sealed = $2, tls_shown = $3 WHERE id = $1 AND ended_at IS NULL",
		idValue(id), sealed, text)
}
