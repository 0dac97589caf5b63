-- What sign-ins are told apart by, how their refresh tokens are traded, the
-- counts of guesses at passwords and codes, and second factors.

-- +goose Up
ALTER TABLE crier_sessions ADD COLUMN previous_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE crier_sessions ADD COLUMN nonce TEXT NOT NULL DEFAULT '';
ALTER TABLE crier_sessions ADD COLUMN rotated_at INTEGER;
ALTER TABLE crier_sessions ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
ALTER TABLE crier_sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE crier_sessions ADD COLUMN last_used_at INTEGER NOT NULL DEFAULT 0;
UPDATE crier_sessions SET last_used_at = created_at;
CREATE INDEX crier_sessions_user ON crier_sessions (user_id, last_used_at);
CREATE INDEX crier_sessions_expiry ON crier_sessions (expires_at);

CREATE TABLE crier_strikes (
    key TEXT NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX crier_strikes_last ON crier_strikes (last_at);

CREATE TABLE crier_second_factors (
    user_id TEXT NOT NULL PRIMARY KEY,
    sealed TEXT NOT NULL,
    confirmed_at INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    recovery TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
