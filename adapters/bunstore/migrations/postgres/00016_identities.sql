-- The ways in that people have beside their passwords.

-- +goose Up
CREATE TABLE crier_identities (
    id         text COLLATE "C" PRIMARY KEY,
    user_id    text COLLATE "C" NOT NULL,
    provider   text   NOT NULL,
    issuer     text COLLATE "C" NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    email      text   NOT NULL,
    name       text   NOT NULL,
    created_at bigint NOT NULL,
    UNIQUE (issuer, subject)
);
CREATE INDEX crier_identities_user ON crier_identities (user_id, created_at, id);
