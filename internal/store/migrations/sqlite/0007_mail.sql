-- Who is told by mail that a link waits to be signed in again: one row for each while it does. A row is claimed by moving next_at.

-- +goose Up
CREATE TABLE mail (
    id       BLOB    NOT NULL PRIMARY KEY,
    link_id  BLOB    NOT NULL REFERENCES link (id),
    user_id  BLOB    NOT NULL REFERENCES app_user (id),
    next_at  BIGINT  NOT NULL,
    attempts BIGINT  NOT NULL,
    failed   TEXT    NOT NULL,
    sent_at  BIGINT
);
CREATE UNIQUE INDEX mail_once ON mail (link_id, user_id);
CREATE INDEX mail_next ON mail (next_at) WHERE sent_at IS NULL;
