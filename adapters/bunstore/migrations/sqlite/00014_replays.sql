-- Requests that may be repeated without being done twice, and their answers.

-- +goose Up
CREATE TABLE crier_replays (
    id              TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    request         TEXT NOT NULL,
    seed            TEXT NOT NULL,
    run             TEXT NOT NULL,
    lease_until     INTEGER NOT NULL,
    status          INTEGER NOT NULL,
    content_type    TEXT NOT NULL,
    etag            TEXT NOT NULL,
    body            TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    version         INTEGER NOT NULL
) STRICT;
CREATE INDEX crier_replays_expiry ON crier_replays (expires_at);
