-- The single-use secrets in people's hands, by hash; and when a person proved
-- that they read the mail of their address, null until then.

-- +goose Up
CREATE TABLE crier_tokens (
    hash       TEXT NOT NULL PRIMARY KEY,
    purpose    TEXT NOT NULL,
    subject    TEXT NOT NULL,
    bound      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX crier_tokens_subject ON crier_tokens (subject, purpose);
CREATE INDEX crier_tokens_expiry ON crier_tokens (expires_at);

ALTER TABLE crier_users ADD COLUMN email_verified_at INTEGER;
