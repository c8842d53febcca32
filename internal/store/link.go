package store

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
)

// LinkSync is what runs know of a link and keep on it. Runs change it without raising the link's version, which is for
// what persons change. Where a field stands in crm.Link too, this is where it is written.
type LinkSync struct {
	Token  dav.SyncToken // covers only what is stored
	CTag   dav.CTag
	Traits dav.Traits

	CalendarName  string
	ReadOnly      bool
	FirstSyncedAt time.Time
	SignInAgain   bool
	NeedsDecision bool
	Failing       crm.Failing
	Failures      int // runs that failed one after the other, for waiting longer each time
	LastCheckedAt time.Time
	UnchangedRuns int64 // runs that found nothing to do, only counted

	// Foreign: the calendar's owner is not who signs in. Its events that are not public are busy blocks (semantics 2).
	Foreign bool
	// ComparedAt is when all hrefs and ETags were last compared.
	ComparedAt time.Time
	// RefusedAt is when a sign-in was refused that is to be tried once more, and only once (semantics 7).
	RefusedAt time.Time
	// RetryAt is before when the server, or the rule about refused sign-ins, wants no request.
	RetryAt time.Time
}

const selectedLink = `SELECT id, version, user_id, kind, address, calendar_href, calendar_name, username, addresses, plain_http,
	without_sync_token, shown_busy, read_only, first_synced_at, paused_at, paused_by_kind, paused_by_id, pause_reason, sign_in_again,
	failing_since, failing_reason, failing_params, needs_decision, last_checked_at, created_at, ended_at, tls_shown,
	added_addresses, ending_at, ending_by, ending_tells FROM link`

func linkTargets(link *crm.Link) []any {
	return []any{
		intoID(&link.ID), &link.Version, intoID(&link.User), &link.Kind, &link.Address, &link.CalendarHref, &link.CalendarName, &link.Username, intoJSON(&link.Addresses), &link.PlainHTTP,
		&link.WithoutSyncToken, &link.ShownBusy, &link.ReadOnly, intoTime(&link.FirstSyncedAt), intoTime(&link.Pause.At), &link.Pause.By.Kind, intoActorID(&link.Pause.By), &link.Pause.Reason, &link.SignInAgain,
		intoTime(&link.Failing.Since), &link.Failing.Reason, intoJSON(&link.Failing.Params), &link.NeedsDecision, intoTime(&link.LastCheckedAt), intoTime(&link.CreatedAt), intoTime(&link.EndedAt), intoJSON(&link.TLS),
		intoJSON(&link.Added), intoTime(&link.Ending.At), intoID(&link.Ending.By), &link.Ending.TellGuests,
	}
}

// CalendarKey is the same for two addresses of one calendar: without the scheme, the usual port and the closing slash,
// and however the path is escaped.
func CalendarKey(href string) string {
	host := ""
	if parsed, err := url.Parse(href); err == nil {
		host = strings.ToLower(parsed.Hostname())
		if port := parsed.Port(); port != "" && port != "443" && port != "80" {
			host += ":" + port
		}
	}
	return host + strings.TrimSuffix(dav.Href(href).Key(), "/")
}

// Link is one link, ended or not.
func (tx *Tx) Link(id crm.LinkID) (crm.Link, error) {
	return tx.oneLink("load link "+id.String(), " WHERE id = $1", idValue(id))
}

// LinkOfUser is the living link of a user.
func (tx *Tx) LinkOfUser(user crm.UserID) (crm.Link, error) {
	return tx.oneLink("load link of user "+user.String(), " WHERE user_id = $1 AND ended_at IS NULL", idValue(user))
}

// LinkOfCalendar is the living link of a calendar, however its address is written.
func (tx *Tx) LinkOfCalendar(href string) (crm.Link, error) {
	return tx.oneLink("load link of calendar", " WHERE calendar_key = $1 AND ended_at IS NULL", key(CalendarKey(href)))
}

func (tx *Tx) oneLink(attempted, where string, arg any) (crm.Link, error) {
	var link crm.Link
	err := tx.queryRow(attempted, selectedLink+where, arg).Scan(linkTargets(&link)...)
	return link, err
}

// Links are all living links, oldest first.
func (tx *Tx) Links() ([]crm.Link, error) {
	var links []crm.Link
	for row, err := range tx.rows("load links", selectedLink+" WHERE ended_at IS NULL ORDER BY id") {
		if err != nil {
			return nil, err
		}
		var link crm.Link
		if err := row.Scan(linkTargets(&link)...); err != nil {
			return nil, err
		}
		links = append(links, link)
	}
	return links, nil
}

// InsertLink adds a link as it is, its version included, with its sealed credentials and what the connection test found
// out. It is due at once. ErrDuplicate{UniqueUserLink} or {UniqueCalendar}: the user, or the calendar, is linked already.
func (tx *Tx) InsertLink(link crm.Link, secret []byte, sync LinkSync) error {
	attempted := "insert link " + link.ID.String()
	calendar := key(CalendarKey(link.CalendarHref))
	if err := tx.free(attempted, UniqueUserLink, "SELECT EXISTS (SELECT 1 FROM link WHERE user_id = $1 AND ended_at IS NULL)", idValue(link.User)); err != nil {
		return err
	}
	if err := tx.free(attempted, UniqueCalendar, "SELECT EXISTS (SELECT 1 FROM link WHERE calendar_key = $1 AND ended_at IS NULL)", calendar); err != nil {
		return err
	}
	_, err := tx.exec(attempted, `INSERT INTO link (id, version, user_id, kind, calendar_href, calendar_key, created_at, ended_at,
			address, username, addresses, plain_http, without_sync_token, paused_at, paused_by_kind, paused_by_id, pause_reason, secret, shown_busy,
			sync_token, ctag, traits, calendar_name, read_only, sign_in_again, needs_decision, failing_reason, failing_params, failures, unchanged_runs, foreign_owner, added_addresses)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $21, $19, $20, '{}', '', FALSE, FALSE, FALSE, '', '', 0, 0, FALSE, $22)`,
		idValue(link.ID), link.Version, idValue(link.User), string(link.Kind), opaque(link.CalendarHref), calendar, timeValue(link.CreatedAt), timeValue(link.EndedAt),
		link.Address, link.Username, jsonValue(link.Addresses), link.PlainHTTP, link.WithoutSyncToken,
		timeValue(link.Pause.At), string(link.Pause.By.Kind), actorID(link.Pause.By), string(link.Pause.Reason), secret, []byte{}, []byte{}, link.ShownBusy, jsonValue(link.Added))
	if err != nil {
		return err
	}
	if err := tx.UpdateLinkSync(link.ID, sync); err != nil {
		return err
	}
	_, err = tx.exec(attempted, `INSERT INTO lease (link_id, owner, generation, expires_at, due_at, wanted, claimed, served, wanted_by)
		VALUES ($1, '', 0, 0, 0, 0, 0, 0, '')`, idValue(link.ID))
	if err != nil {
		return err
	}
	return tx.Want(link.ID, crm.TriggerPerson)
}

// UpdateLink replaces what persons change of a link (address, sign-in, addresses, ticks, pause, what others see, ending) and raises its version from
// expectVersion by one. ErrVersion: it has another by now. The credentials are SetSecret's, the rest UpdateLinkSync's.
func (tx *Tx) UpdateLink(link crm.Link, expectVersion int64) error {
	attempted := "update link " + link.ID.String()
	n, err := tx.exec(attempted, `UPDATE link SET version = version + 1, kind = $3, address = $4, username = $5, addresses = $6, plain_http = $7,
			without_sync_token = $8, paused_at = $9, paused_by_kind = $10, paused_by_id = $11, pause_reason = $12, shown_busy = $13,
			added_addresses = $14, ending_at = $15, ending_by = $16, ending_tells = $17
		WHERE id = $1 AND version = $2 AND ended_at IS NULL`,
		idValue(link.ID), expectVersion, string(link.Kind), link.Address, link.Username, jsonValue(link.Addresses), link.PlainHTTP,
		link.WithoutSyncToken, timeValue(link.Pause.At), string(link.Pause.By.Kind), actorID(link.Pause.By), string(link.Pause.Reason), link.ShownBusy,
		jsonValue(link.Added), timeValue(link.Ending.At), idValue(link.Ending.By), link.Ending.TellGuests)
	if err == nil && n == 0 {
		err = tx.missingOrMoved(attempted, "SELECT version FROM link WHERE id = $1", idValue(link.ID))
	}
	return err
}

// ShownBusyBefore reports whether an ended link of the same user to the same calendar shows others what came by it as busy.
func (tx *Tx) ShownBusyBefore(link crm.Link) (bool, error) {
	var busy bool
	err := tx.queryRow("load what others saw", "SELECT EXISTS (SELECT 1 FROM link WHERE user_id = $1 AND calendar_key = $2 AND ended_at IS NOT NULL AND shown_busy)",
		idValue(link.User), key(CalendarKey(link.CalendarHref))).Scan(&busy)
	return busy, err
}

// ShowBefore has what came by the ended links of the same user to the same calendar be shown as link says: it is one calendar,
// however often it was linked.
func (tx *Tx) ShowBefore(link crm.Link) error {
	_, err := tx.exec("set what others see", "UPDATE link SET shown_busy = $3 WHERE user_id = $1 AND calendar_key = $2 AND ended_at IS NOT NULL AND shown_busy <> $3",
		idValue(link.User), key(CalendarKey(link.CalendarHref)), link.ShownBusy)
	return err
}

// EndLink ends a link: its credentials, its work and its lease are gone, so that a run of it can write nothing more. What
// both sides last agreed on stays. ErrVersion: it has another version than expectVersion by now, or has ended.
func (tx *Tx) EndLink(id crm.LinkID, expectVersion int64, at time.Time) error {
	attempted := "end link " + id.String()
	n, err := tx.exec(attempted, "UPDATE link SET version = version + 1, ended_at = $3, secret = NULL WHERE id = $1 AND version = $2 AND ended_at IS NULL",
		idValue(id), expectVersion, timeValue(at))
	if err != nil {
		return err
	}
	if n == 0 {
		return tx.missingOrMoved(attempted, "SELECT version FROM link WHERE id = $1", idValue(id))
	}
	delete(tx.wanted, id)
	if _, err := tx.exec(attempted, "DELETE FROM outbox WHERE link_id = $1", idValue(id)); err != nil {
		return err
	}
	_, err = tx.exec(attempted, "DELETE FROM lease WHERE link_id = $1", idValue(id))
	return err
}

// LinkSync is what runs keep on a link. Read it in the transaction that updates it: a person may have signed in again or
// decided since.
func (tx *Tx) LinkSync(id crm.LinkID) (LinkSync, error) {
	var sync LinkSync
	err := tx.queryRow("load sync state of link "+id.String(), "SELECT "+syncColumns+" FROM link WHERE id = $1"+tx.forChange(), idValue(id)).Scan(syncTargets(&sync)...)
	return sync, err
}

const syncColumns = `sync_token, ctag, traits, calendar_name, read_only, first_synced_at, sign_in_again, needs_decision, failing_since, failing_reason,
	failing_params, failures, last_checked_at, unchanged_runs, foreign_owner, compared_at, refused_at, retry_at`

func syncTargets(sync *LinkSync) []any {
	return []any{
		&sync.Token, &sync.CTag, intoJSON(&sync.Traits), &sync.CalendarName, &sync.ReadOnly, intoTime(&sync.FirstSyncedAt), &sync.SignInAgain, &sync.NeedsDecision,
		intoTime(&sync.Failing.Since), &sync.Failing.Reason, intoJSON(&sync.Failing.Params), &sync.Failures, intoTime(&sync.LastCheckedAt), &sync.UnchangedRuns,
		&sync.Foreign, intoTime(&sync.ComparedAt), intoTime(&sync.RefusedAt), intoTime(&sync.RetryAt),
	}
}

// RunStart is what a run has to know before it asks a calendar anything.
type RunStart struct {
	Link     crm.Link
	Sync     LinkSync
	Secret   []byte // sealed; nil when there is none
	Settings crm.Settings
	Held     bool // something is held, or was decided and is still to be carried out
	Due      bool // an outbox entry is due
}

// RunStart loads it, in one statement outside of any transaction: most runs find nothing to do, and cost little more than
// this.
func (s *Store) RunStart(ctx context.Context, id crm.LinkID) (RunStart, error) {
	start, attempted := RunStart{Settings: crm.DefaultSettings()}, "load link "+id.String()
	now, args := "("+s.dialect.clock+")", []any{idValue(id)}
	if s.clock != nil {
		now, args = "$2", append(args, s.clock().UnixMicro())
	}
	var version int64
	var data string
	targets := append(append(linkTargets(&start.Link), &start.Secret), syncTargets(&start.Sync)...)
	err := s.row(ctx, strings.Replace(runStart, "{now}", now, 1), args, append(targets, &start.Held, &start.Due, &version, &data)...)
	if err != nil {
		return start, s.dialect.translate(ctx, attempted, err)
	}
	start.Settings, err = s.settings.of(version, data)
	return start, err
}

var runStart = strings.Replace(selectedLink, " FROM link", ", secret, "+syncColumns+`,
	EXISTS (SELECT 1 FROM held WHERE done_at IS NULL AND link_id = link.id), EXISTS (SELECT 1 FROM outbox WHERE link_id = link.id AND not_before <= {now}),
	COALESCE((SELECT version FROM settings), 0), COALESCE((SELECT data FROM settings), '')
	FROM link WHERE id = $1`, 1)

// UpdateLinkSync replaces what runs keep on a link; its version stays.
func (tx *Tx) UpdateLinkSync(id crm.LinkID, sync LinkSync) error {
	return tx.execOne(ErrNotFound, "update sync state of link "+id.String(), `UPDATE link SET sync_token = $2, ctag = $3, traits = $4, calendar_name = $5,
			read_only = $6, first_synced_at = $7, sign_in_again = $8, needs_decision = $9, failing_since = $10, failing_reason = $11,
			failing_params = $12, failures = $13, last_checked_at = $14, unchanged_runs = $15,
			foreign_owner = $16, compared_at = $17, refused_at = $18, retry_at = $19
		WHERE id = $1`,
		idValue(id), opaque(sync.Token), opaque(sync.CTag), jsonValue(sync.Traits), sync.CalendarName,
		sync.ReadOnly, timeValue(sync.FirstSyncedAt), sync.SignInAgain, sync.NeedsDecision, timeValue(sync.Failing.Since), string(sync.Failing.Reason),
		paramsValue(sync.Failing.Params), sync.Failures, timeValue(sync.LastCheckedAt), sync.UnchangedRuns,
		sync.Foreign, timeValue(sync.ComparedAt), timeValue(sync.RefusedAt), timeValue(sync.RetryAt))
}

// CheckedLink keeps that a run reached the calendar and found nothing to do: all that is left of such a run.
func (tx *Tx) CheckedLink(id crm.LinkID, at time.Time) error {
	return tx.execOne(ErrNotFound, "keep that a link was checked",
		"UPDATE link SET last_checked_at = $2, unchanged_runs = unchanged_runs + 1 WHERE id = $1", idValue(id), timeValue(at))
}

// Secret is the link's sealed credentials, ErrNotFound when it has none (any more).
func (tx *Tx) Secret(id crm.LinkID) ([]byte, error) {
	attempted := "load credentials of link " + id.String()
	var secret []byte
	err := tx.queryRow(attempted, "SELECT secret FROM link WHERE id = $1", idValue(id)).Scan(&secret)
	if err == nil && secret == nil {
		err = fmt.Errorf("%s: %w", attempted, ErrNotFound)
	}
	return secret, err
}

// SetSecret replaces the sealed credentials of a living link.
func (tx *Tx) SetSecret(id crm.LinkID, secret []byte) error {
	return tx.execOne(ErrNotFound, "set credentials of link "+id.String(), "UPDATE link SET secret = $2 WHERE id = $1 AND ended_at IS NULL", idValue(id), secret)
}

// LinkCounts are the figures that the list of links shows.
type LinkCounts struct {
	Actions  int // bound to an event of the calendar
	Pending  int // have work in the outbox
	Held     int // decisions that wait
	SetAside int // events that cannot be used
}

// LinkCounts are the figures of every link that has any.
func (tx *Tx) LinkCounts() (map[crm.LinkID]LinkCounts, error) {
	counts := map[crm.LinkID]LinkCounts{}
	query := `SELECT 'actions', r.link_id, COUNT(DISTINCT b.action_id) FROM binding b JOIN resource r ON r.id = b.resource_id GROUP BY r.link_id
		UNION ALL SELECT 'pending', link_id, COUNT(*) FROM outbox GROUP BY link_id
		UNION ALL SELECT 'held', link_id, COUNT(*) FROM held WHERE done_at IS NULL AND decided_at IS NULL GROUP BY link_id
		UNION ALL SELECT 'set_aside', link_id, COUNT(*) FROM resource WHERE set_aside_reason <> '' GROUP BY link_id`
	for row, err := range tx.rows("count by link", query) {
		if err != nil {
			return nil, err
		}
		var what string
		var link crm.LinkID
		var n int
		if err := row.Scan(&what, intoID(&link), &n); err != nil {
			return nil, err
		}
		of := counts[link]
		switch what {
		case "actions":
			of.Actions = n
		case "pending":
			of.Pending = n
		case "held":
			of.Held = n
		case "set_aside":
			of.SetAside = n
		}
		counts[link] = of
	}
	return counts, nil
}
