-- Side jobs. One that is done has no row. run_at and lease_until bound when a
-- worker may take one that waits; claimable_at is the later of the two.

-- +goose Up
CREATE TABLE crier_jobs (
    id              TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    kind            TEXT NOT NULL,
    dedupe_key      TEXT NOT NULL,
    payload         TEXT NOT NULL,
    state           TEXT NOT NULL,
    run_at          INTEGER NOT NULL,
    claimable_at    INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    max_attempts    INTEGER NOT NULL,
    lease_owner     TEXT NOT NULL,
    lease_until     INTEGER NOT NULL,
    lease_token     INTEGER NOT NULL,
    reason          TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    died_at         INTEGER NOT NULL,
    version         INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX crier_jobs_key ON crier_jobs (organization_id, kind, dedupe_key) WHERE state <> 'dead' AND dedupe_key <> '';
CREATE INDEX crier_jobs_run ON crier_jobs (run_at, id) WHERE state = 'waiting';
CREATE INDEX crier_jobs_claimable ON crier_jobs (claimable_at) WHERE state = 'waiting';
CREATE INDEX crier_jobs_dead ON crier_jobs (organization_id, died_at, id) WHERE state = 'dead';
