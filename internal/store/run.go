package store

import (
	"agendaonline/internal/crm"
)

const selectedRun = "SELECT id, link_id, started_by, started_at, ended_at, counts, outcome, reason FROM run"

// PutRun adds a run or replaces what is known of it. A run that changed nothing has no row: CheckedLink is for it.
func (tx *Tx) PutRun(run crm.Run) error {
	_, err := tx.exec("put run "+run.ID.String(), `INSERT INTO run (id, link_id, started_by, started_at, ended_at, counts, outcome, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, counts = excluded.counts, outcome = excluded.outcome, reason = excluded.reason`,
		idValue(run.ID), idValue(run.Link), string(run.Trigger), timeValue(run.StartedAt), timeValue(run.EndedAt), jsonValue(run.Counts), string(run.Outcome), string(run.Reason))
	return err
}

// Run is one run.
func (tx *Tx) Run(id crm.RunID) (crm.Run, error) {
	return scanRun(tx.queryRow("load run "+id.String(), selectedRun+" WHERE id = $1", idValue(id)))
}

// Runs are those of a link, of all links for the zero LinkID, the newest first: at most limit before the given one, the
// zero RunID for the first page.
func (tx *Tx) Runs(link crm.LinkID, before crm.RunID, limit int) ([]crm.Run, error) {
	query, args := selectedRun+" WHERE 1 = 1", []any{limit}
	if !link.IsZero() {
		args = append(args, idValue(link))
		query += " AND link_id = " + tx.store.dialect.param(len(args))
	}
	if !before.IsZero() {
		args = append(args, idValue(before))
		query += " AND id < " + tx.store.dialect.param(len(args))
	}
	query += " ORDER BY id DESC LIMIT " + tx.store.dialect.param(1)
	var runs []crm.Run
	for row, err := range tx.rows("load runs", query, args...) {
		if err != nil {
			return nil, err
		}
		run, err := scanRun(row)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

func scanRun(row scanner) (crm.Run, error) {
	var run crm.Run
	err := row.Scan(intoID(&run.ID), intoID(&run.Link), &run.Trigger, intoTime(&run.StartedAt), intoTime(&run.EndedAt), intoJSON(&run.Counts), &run.Outcome, &run.Reason)
	return run, err
}
