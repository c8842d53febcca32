-- A client certificate with its key, and authorities of the company itself, that hold for the host of one link. tls_shown is
-- what anybody who sees the link may know of them: names and an end.

-- +goose Up
ALTER TABLE link ADD COLUMN tls_sealed BLOB;
ALTER TABLE link ADD COLUMN tls_shown TEXT NOT NULL DEFAULT '';
