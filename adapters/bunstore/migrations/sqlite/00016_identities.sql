-- The ways in that people have beside their passwords.

-- +goose Up
CREATE TABLE crier_identities (
    id         TEXT NOT NULL PRIMARY KEY,
    user_id    TEXT NOT NULL,
    provider   TEXT NOT NULL,
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    email      TEXT NOT NULL,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (issuer, subject)
) STRICT;
CREATE INDEX crier_identities_user ON crier_identities (user_id, created_at, id);
