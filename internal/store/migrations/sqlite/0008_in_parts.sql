-- What is walked a part at a time has its order in an index, or each part would read and sort all of the rest: the events without
-- action on purpose, which a large first sync keeps so until its plan is decided, and the work that waits.

-- +goose Up
CREATE INDEX resource_parked ON resource (link_id, id) WHERE state <> 'live';

DROP INDEX outbox_due;
DROP INDEX outbox_retry;
CREATE INDEX outbox_next ON outbox (link_id, not_before, action_id);
