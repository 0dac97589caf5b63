-- The single-use secrets in people's hands, by hash; and when a person proved
-- that they read the mail of their address, null until then.

-- +goose Up
CREATE TABLE crier_tokens (
    hash       text COLLATE "C" PRIMARY KEY,
    purpose    text   NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    bound      text   NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX crier_tokens_subject ON crier_tokens (subject, purpose);
CREATE INDEX crier_tokens_expiry ON crier_tokens (expires_at);

ALTER TABLE crier_users ADD COLUMN email_verified_at bigint;
