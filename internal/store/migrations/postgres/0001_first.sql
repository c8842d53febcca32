-- What a server or another program may have written (hrefs, UIDs, ETags, tokens) is kept as bytes, so that nothing it says
-- can make a row unstorable. The ..._key columns are bounded forms of such bytes, made by the program, for indexes.

-- +goose Up
CREATE TABLE installation (
    only_row   INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    identity   TEXT    NOT NULL,
    created_at BIGINT  NOT NULL
);

CREATE TABLE settings (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    version  BIGINT  NOT NULL,
    data     TEXT    NOT NULL
);

CREATE TABLE app_user (
    id                  BYTEA   NOT NULL PRIMARY KEY,
    version             BIGINT  NOT NULL,
    login               TEXT    NOT NULL,
    login_key           TEXT    NOT NULL CONSTRAINT app_user_login UNIQUE,
    name                TEXT    NOT NULL,
    email               TEXT    NOT NULL,
    language            TEXT    NOT NULL,
    time_zone           TEXT    NOT NULL,
    role                TEXT    NOT NULL,
    right_change_others BOOLEAN NOT NULL,
    right_reassign      BOOLEAN NOT NULL,
    active              BOOLEAN NOT NULL,
    password_hash       TEXT    NOT NULL,
    created_at          BIGINT  NOT NULL
);

CREATE TABLE session (
    token      TEXT   NOT NULL PRIMARY KEY,
    data       BYTEA  NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE api_token (
    id           BYTEA  NOT NULL PRIMARY KEY,
    user_id      BYTEA  NOT NULL REFERENCES app_user (id),
    name         TEXT   NOT NULL,
    hash         BYTEA  NOT NULL CONSTRAINT api_token_hash UNIQUE,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    expires_at   BIGINT,
    revoked_at   BIGINT
);
CREATE INDEX api_token_user ON api_token (user_id);

CREATE TABLE idempotency (
    user_id      BYTEA  NOT NULL REFERENCES app_user (id),
    key          TEXT   NOT NULL,
    request_hash BYTEA  NOT NULL,
    status       BIGINT NOT NULL,
    body         BYTEA  NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE choice (
    id         BYTEA   NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL,
    names      TEXT    NOT NULL,
    position   BIGINT  NOT NULL,
    is_default BOOLEAN NOT NULL,
    retired    BOOLEAN NOT NULL
);
CREATE INDEX choice_order ON choice (kind, position);

-- seq is the order of arrival. search_text holds words of letters and digits only, parted by spaces, so that the cast to
-- tsvector takes each as it is: the parser of to_tsvector would split some of them again (1e5abc), SQLite would not.
CREATE TABLE action (
    seq              BIGINT  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id               BYTEA   NOT NULL CONSTRAINT action_id UNIQUE,
    version          BIGINT  NOT NULL,
    sort_key         TEXT    COLLATE "C" NOT NULL,
    last_date        TEXT    COLLATE "C" NOT NULL,
    spans_days       BOOLEAN NOT NULL,
    followed_by      BYTEA   REFERENCES app_user (id),
    follower_key     BYTEA   NOT NULL,
    private          BOOLEAN NOT NULL,
    deleted_at       BIGINT,
    type_id          BYTEA   REFERENCES choice (id),
    status_id        BYTEA   REFERENCES choice (id),
    priority_id      BYTEA   REFERENCES choice (id),
    due_date         TEXT    COLLATE "C" NOT NULL,
    created_at       BIGINT  NOT NULL,
    created_by_kind  TEXT    NOT NULL,
    created_by_id    BYTEA,
    modified_at      BIGINT  NOT NULL,
    modified_by_kind TEXT    NOT NULL,
    modified_by_id   BYTEA,
    sync_name        TEXT    NOT NULL,
    sync_reason      TEXT    NOT NULL,
    sync_params      TEXT    NOT NULL,
    start_date       TEXT    NOT NULL,
    start_time       TEXT    NOT NULL,
    end_date         TEXT    NOT NULL,
    end_time         TEXT    NOT NULL,
    time_zone        TEXT    NOT NULL,
    follows_up       BYTEA   REFERENCES action (id) ON DELETE SET NULL,
    third_party_kind TEXT    NOT NULL,
    third_party      TEXT    NOT NULL,
    contact          TEXT    NOT NULL,
    dossier          TEXT    NOT NULL,
    subject          TEXT    NOT NULL,
    search_text      TEXT    NOT NULL,
    description      TEXT    NOT NULL
);
CREATE INDEX action_order ON action (sort_key, id) WHERE deleted_at IS NULL;
CREATE INDEX action_follower ON action (follower_key, sort_key, id) WHERE deleted_at IS NULL;
CREATE INDEX action_trash ON action (sort_key, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX action_trash_age ON action (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX action_span ON action (last_date, sort_key) WHERE spans_days AND deleted_at IS NULL;
CREATE INDEX action_due ON action (due_date) WHERE due_date <> '' AND deleted_at IS NULL;
CREATE INDEX action_created ON action (created_at);
CREATE INDEX action_modified ON action (modified_at);
CREATE INDEX action_unsynced ON action (sync_name) WHERE sync_name <> 'synced' AND deleted_at IS NULL;
CREATE INDEX action_type ON action (type_id) WHERE type_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX action_status ON action (status_id) WHERE status_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX action_follow_up ON action (follows_up) WHERE follows_up IS NOT NULL;

CREATE INDEX action_words ON action USING gin ((search_text::tsvector));

CREATE TABLE document (
    action_id BYTEA  NOT NULL REFERENCES action (id) ON DELETE CASCADE,
    position  BIGINT NOT NULL,
    title     TEXT   NOT NULL,
    url       TEXT   NOT NULL,
    PRIMARY KEY (action_id, position)
);

-- Append-only, and not tied to its action: what was ever saved outlives the trash.
CREATE TABLE history (
    action_id    BYTEA  NOT NULL,
    changed_at   BIGINT NOT NULL,
    id           BYTEA  NOT NULL,
    actor_kind   TEXT   NOT NULL,
    actor_id     BYTEA,
    run_id       BYTEA,
    what         TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    value_before TEXT   NOT NULL,
    value_after  TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    winner       TEXT   NOT NULL,
    PRIMARY KEY (action_id, changed_at, id)
);

CREATE TABLE link (
    id                 BYTEA   NOT NULL PRIMARY KEY,
    version            BIGINT  NOT NULL,
    user_id            BYTEA   NOT NULL REFERENCES app_user (id),
    kind               TEXT    NOT NULL,
    address            TEXT    NOT NULL,
    calendar_href      BYTEA   NOT NULL,
    calendar_key       BYTEA   NOT NULL,
    calendar_name      TEXT    NOT NULL,
    username           TEXT    NOT NULL,
    addresses          TEXT    NOT NULL,
    plain_http         BOOLEAN NOT NULL,
    without_sync_token BOOLEAN NOT NULL,
    paused_at          BIGINT,
    paused_by_kind     TEXT    NOT NULL,
    paused_by_id       BYTEA,
    pause_reason       TEXT    NOT NULL,
    created_at         BIGINT  NOT NULL,
    ended_at           BIGINT,
    secret             BYTEA,
    sync_token         BYTEA   NOT NULL,
    ctag               BYTEA   NOT NULL,
    traits             TEXT    NOT NULL,
    read_only          BOOLEAN NOT NULL,
    first_synced_at    BIGINT,
    sign_in_again      BOOLEAN NOT NULL,
    needs_decision     BOOLEAN NOT NULL,
    failing_since      BIGINT,
    failing_reason     TEXT    NOT NULL,
    failing_params     TEXT    NOT NULL,
    failures           BIGINT  NOT NULL,
    last_checked_at    BIGINT,
    unchanged_runs     BIGINT  NOT NULL,
    foreign_owner      BOOLEAN NOT NULL,
    compared_at        BIGINT,
    refused_at         BIGINT,
    retry_at           BIGINT
);
CREATE UNIQUE INDEX link_user ON link (user_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX link_calendar ON link (calendar_key) WHERE ended_at IS NULL;

CREATE TABLE lease (
    link_id    BYTEA  NOT NULL PRIMARY KEY REFERENCES link (id),
    owner      TEXT   NOT NULL,
    generation BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    wanted     BIGINT NOT NULL,
    claimed    BIGINT NOT NULL,
    served     BIGINT NOT NULL,
    wanted_by  TEXT   NOT NULL
);
CREATE INDEX lease_due ON lease (due_at);

CREATE TABLE resource (
    id               BYTEA  NOT NULL PRIMARY KEY,
    link_id          BYTEA  NOT NULL REFERENCES link (id),
    href             BYTEA  NOT NULL,
    href_key         BYTEA  NOT NULL,
    uid              BYTEA  NOT NULL,
    uid_key          BYTEA  NOT NULL,
    etag             BYTEA  NOT NULL,
    state            TEXT   NOT NULL,
    seen_at          BIGINT,
    set_aside_reason TEXT   NOT NULL,
    set_aside_params TEXT   NOT NULL,
    shown_subject    TEXT   NOT NULL,
    shown_when       TEXT   NOT NULL,
    body             BYTEA,
    sent_body        BYTEA,
    sent_values      TEXT   NOT NULL,
    CONSTRAINT resource_href UNIQUE (link_id, href_key)
);
CREATE INDEX resource_uid ON resource (uid_key, link_id);
CREATE INDEX resource_set_aside ON resource (link_id) WHERE set_aside_reason <> '';

-- agreed_when NULL: both sides have not agreed yet. A server_... column that is NULL says that the server's form is the
-- agreed value itself.
CREATE TABLE binding (
    resource_id        BYTEA  NOT NULL REFERENCES resource (id),
    recurrence_id      TEXT   NOT NULL,
    action_id          BYTEA  NOT NULL REFERENCES action (id),
    agreed_version     BIGINT NOT NULL,
    agreed_at          BIGINT,
    agreed_when        TEXT,
    agreed_subject     TEXT,
    agreed_description TEXT,
    server_when        TEXT,
    server_subject     TEXT,
    server_description TEXT,
    PRIMARY KEY (resource_id, recurrence_id)
);
CREATE INDEX binding_action ON binding (action_id);

CREATE TABLE alias (
    calendar_key BYTEA  NOT NULL,
    uid_key      BYTEA  NOT NULL,
    uid          BYTEA  NOT NULL,
    action_id    BYTEA  NOT NULL,
    known_at     BIGINT NOT NULL,
    PRIMARY KEY (calendar_key, uid_key)
);
CREATE INDEX alias_action ON alias (action_id);

CREATE TABLE tombstone (
    id         BYTEA  NOT NULL PRIMARY KEY,
    link_id    BYTEA  NOT NULL REFERENCES link (id),
    action_id  BYTEA,
    href       BYTEA  NOT NULL,
    uid        BYTEA  NOT NULL,
    deleted_at BIGINT NOT NULL,
    reason     TEXT   NOT NULL
);
CREATE INDEX tombstone_link ON tombstone (link_id, deleted_at);

CREATE TABLE outbox (
    link_id    BYTEA  NOT NULL REFERENCES link (id),
    action_id  BYTEA  NOT NULL REFERENCES action (id),
    revision   BIGINT NOT NULL,
    origin     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    attempts   BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    reason     TEXT   NOT NULL,
    params     TEXT   NOT NULL,
    PRIMARY KEY (link_id, action_id)
);
CREATE INDEX outbox_due ON outbox (link_id, created_at);
CREATE INDEX outbox_retry ON outbox (link_id, not_before);
CREATE INDEX outbox_action ON outbox (action_id);

CREATE TABLE run (
    id          BYTEA  NOT NULL PRIMARY KEY,
    link_id     BYTEA  NOT NULL REFERENCES link (id),
    started_by  TEXT   NOT NULL,
    started_at  BIGINT NOT NULL,
    ended_at    BIGINT,
    counts      TEXT   NOT NULL,
    outcome     TEXT   NOT NULL,
    reason      TEXT   NOT NULL
);
CREATE INDEX run_link ON run (link_id, id);

CREATE TABLE held (
    id         BYTEA  NOT NULL PRIMARY KEY,
    link_id    BYTEA  NOT NULL REFERENCES link (id),
    kind       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    subject    TEXT   NOT NULL,
    decided_at BIGINT,
    decided_by BYTEA   REFERENCES app_user (id),
    decision   TEXT   NOT NULL,
    done_at    BIGINT
);
CREATE INDEX held_open ON held (link_id) WHERE done_at IS NULL;
