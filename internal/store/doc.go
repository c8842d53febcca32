// Package store is what is kept: each query once for SQLite and PostgreSQL, their differences in one dialect, migrations
// and transactions. It holds rows and checks what only a database can check; what a row means, who may see it and what to
// do about it are left to service, syncer and the core.
//
// Everything happens in a transaction, but RunStart, which is one statement:
//
//	err := s.Write(ctx, func(tx *store.Tx) error {
//		action, err := tx.Action(id)
//		...
//		return tx.PutOutbox(store.OutboxEntry{Link: link, Action: id, Origin: reconcile.OriginPerson})
//	})
//
// Read sees one moment of the database. Write changes it; its function may be called again when another transaction was
// in the way, so it must have no effect but through its Tx. On SQLite one Write happens after the other. On PostgreSQL they
// happen side by side: the actions, resources, held decisions, outbox entries and sync states of links that a Write loads
// singly or with bindings stay as they are until it ends, while users, links and settings, which everybody reads, rely on
// their versions. After a method of a Tx has failed with anything but ErrNotFound, ErrVersion, ErrLeaseLost or ErrText, the
// transaction can only end.
//
// A Tx obeys the context of its Read or Write, belongs to one goroutine, and is not to be used after its function returned.
// Calling Read or Write inside a Write waits for ever on SQLite, which has one writer. WriteLightly is a Write that does not
// wait for the disk.
//
// Ids are 16 bytes, instants BIGINT microseconds UTC (finer parts are cut off), civil dates and times text. Text is valid
// UTF-8 without NUL on both databases (ErrText). What a server calls things (hrefs, UIDs, ETags, tokens) is kept as bytes.
//
// The lease of a link:
//
//	         Claim: generation+1           Release: due at the next poll,
//	due ───────────────────────► leased ─► at once when it was wanted meanwhile ─► due
//	 ▲                            │  ▲
//	 │ Want, PutOutbox            │  └── Renew
//	 └────────────────────────────┘
//	        expires_at passed: due again, the generation of whoever held it is worth nothing
//
// Every Write of a run begins with RequireLease, which locks the row, so a run that lost its lease writes nothing.
package store
