-- Requests that may be repeated without being done twice, and their answers.

-- +goose Up
CREATE TABLE crier_replays (
    id              text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    request         text    NOT NULL,
    seed            text    NOT NULL,
    run             text    NOT NULL,
    lease_until     bigint  NOT NULL,
    status          integer NOT NULL,
    content_type    text    NOT NULL,
    etag            text    NOT NULL,
    body            text    NOT NULL,
    created_at      bigint  NOT NULL,
    expires_at      bigint  NOT NULL,
    version         integer NOT NULL
);
CREATE INDEX crier_replays_expiry ON crier_replays (expires_at);
