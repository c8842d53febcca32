-- What others see of what came from a link's calendar: all of it, or only that its user is busy.

-- +goose Up
ALTER TABLE link ADD COLUMN shown_busy BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX link_shown_busy ON link (id) WHERE shown_busy;
CREATE INDEX link_before ON link (user_id, calendar_key) WHERE ended_at IS NOT NULL;
