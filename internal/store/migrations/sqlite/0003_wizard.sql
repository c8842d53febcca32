-- A link that is being typed, step by step, on whichever node the pages are asked for. What was typed is sealed, passwords
-- among it; grant_id names the link_draft that it waits for, where it signs in by a grant.

-- +goose Up
CREATE TABLE wizard (
    id         BLOB   NOT NULL PRIMARY KEY,
    owner_id   BLOB   NOT NULL REFERENCES app_user (id),
    grant_id   BLOB,
    sealed     BLOB   NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX wizard_owner ON wizard (owner_id, expires_at);
CREATE INDEX wizard_expires ON wizard (expires_at);
