-- A grant and a draft share the id of the link that they belong to, or are going to be. What is sealed holds the client's
-- registration, the tokens and what was typed; nothing beside it is secret.

-- +goose Up
CREATE TABLE oauth_grant (
    id            BLOB   NOT NULL PRIMARY KEY,
    number        BIGINT NOT NULL,
    sealed        BLOB   NOT NULL,
    granted_at    BIGINT NOT NULL,
    ends_at       BIGINT,
    dead_reason   TEXT   NOT NULL,
    claimed_by    TEXT   NOT NULL,
    claimed_until BIGINT NOT NULL
);

CREATE TABLE link_draft (
    id         BLOB   NOT NULL PRIMARY KEY,
    owner_id   BLOB   NOT NULL REFERENCES app_user (id),
    binding    BLOB   NOT NULL,
    state_hash BLOB,
    sealed     BLOB   NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX link_draft_state ON link_draft (state_hash) WHERE state_hash IS NOT NULL;
CREATE INDEX link_draft_expires ON link_draft (expires_at);
