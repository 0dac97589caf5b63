-- Side jobs. One that is done has no row. run_at and lease_until bound when a
-- worker may take one that waits; claimable_at is the later of the two.

-- +goose Up
CREATE TABLE crier_jobs (
    id              text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    kind            text COLLATE "C" NOT NULL,
    dedupe_key      text COLLATE "C" NOT NULL,
    payload         text   NOT NULL,
    state           text   NOT NULL,
    run_at          bigint NOT NULL,
    claimable_at    bigint NOT NULL,
    attempts        bigint NOT NULL,
    max_attempts    bigint NOT NULL,
    lease_owner     text   NOT NULL,
    lease_until     bigint NOT NULL,
    lease_token     bigint NOT NULL,
    reason          text   NOT NULL,
    created_at      bigint NOT NULL,
    died_at         bigint NOT NULL,
    version         bigint NOT NULL
);
CREATE UNIQUE INDEX crier_jobs_key ON crier_jobs (organization_id, kind, dedupe_key) WHERE state <> 'dead' AND dedupe_key <> '';
CREATE INDEX crier_jobs_run ON crier_jobs (run_at, id) WHERE state = 'waiting';
CREATE INDEX crier_jobs_claimable ON crier_jobs (claimable_at) WHERE state = 'waiting';
CREATE INDEX crier_jobs_dead ON crier_jobs (organization_id, died_at, id) WHERE state = 'dead';
