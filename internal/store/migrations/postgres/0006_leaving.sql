-- A link that is being ended while its events are deleted, addresses that a person added to it, actions that are hidden from the
-- screens, and users who were deleted: their row stays for the names in histories.

-- +goose Up
ALTER TABLE link ADD COLUMN added_addresses TEXT NOT NULL DEFAULT '';
ALTER TABLE link ADD COLUMN ending_at BIGINT;
ALTER TABLE link ADD COLUMN ending_by BYTEA REFERENCES app_user (id);
ALTER TABLE link ADD COLUMN ending_tells BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE app_user ADD COLUMN deleted_at BIGINT;

-- Beside action, not in it: few are hidden, and a search that walks many rows reads little of each.
CREATE TABLE hidden_action (
    action_id BYTEA   NOT NULL PRIMARY KEY REFERENCES action (id) ON DELETE CASCADE,
    hidden_at BIGINT NOT NULL
);
