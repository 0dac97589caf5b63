-- What sign-ins are told apart by, how their refresh tokens are traded, the
-- counts of guesses at passwords and codes, and second factors.

-- +goose Up
ALTER TABLE crier_sessions ADD COLUMN previous_hash text NOT NULL DEFAULT '';
ALTER TABLE crier_sessions ADD COLUMN nonce text NOT NULL DEFAULT '';
ALTER TABLE crier_sessions ADD COLUMN rotated_at bigint;
ALTER TABLE crier_sessions ADD COLUMN user_agent text NOT NULL DEFAULT '';
ALTER TABLE crier_sessions ADD COLUMN address text NOT NULL DEFAULT '';
ALTER TABLE crier_sessions ADD COLUMN last_used_at bigint NOT NULL DEFAULT 0;
UPDATE crier_sessions SET last_used_at = created_at;
CREATE INDEX crier_sessions_user ON crier_sessions (user_id, last_used_at);
CREATE INDEX crier_sessions_expiry ON crier_sessions (expires_at);

CREATE TABLE crier_strikes (
    key     text COLLATE "C" PRIMARY KEY,
    count   bigint NOT NULL,
    last_at bigint NOT NULL,
    until   bigint NOT NULL
);
CREATE INDEX crier_strikes_last ON crier_strikes (last_at);

CREATE TABLE crier_second_factors (
    user_id      text COLLATE "C" PRIMARY KEY,
    sealed       text   NOT NULL,
    confirmed_at bigint NOT NULL,
    last_step    bigint NOT NULL,
    recovery     text   NOT NULL,
    created_at   bigint NOT NULL,
    version      bigint NOT NULL
);
