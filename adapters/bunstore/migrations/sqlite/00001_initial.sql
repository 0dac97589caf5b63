-- Times are microseconds since 1970-01-01 UTC: datetime(due_at / 1e6, 'unixepoch')
-- reads one. The zero time is the first instant of the year 1.
--
-- There are no foreign keys; the same schema for PostgreSQL says why.

-- +goose Up
CREATE TABLE crier_organizations (
    id          TEXT NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL,
    zone        TEXT NOT NULL,
    late_window INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL
) STRICT;

CREATE TABLE crier_users (
    id            TEXT NOT NULL PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    version       INTEGER NOT NULL
) STRICT;

CREATE TABLE crier_members (
    organization_id TEXT NOT NULL,
    user_id         TEXT NOT NULL,
    role            TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (organization_id, user_id)
) STRICT;
CREATE INDEX crier_members_user ON crier_members (user_id, created_at, organization_id);

CREATE TABLE crier_sessions (
    id              TEXT NOT NULL PRIMARY KEY,
    user_id         TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    token_hash      TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    revoked_at      INTEGER NOT NULL,
    version         INTEGER NOT NULL
) STRICT;

CREATE TABLE crier_channels (
    id              TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    provider        TEXT NOT NULL,
    account         TEXT NOT NULL,
    name            TEXT NOT NULL,
    handle          TEXT NOT NULL,
    url             TEXT NOT NULL,
    avatar          TEXT NOT NULL,
    traits          TEXT NOT NULL,
    state           TEXT NOT NULL,
    state_reason    TEXT NOT NULL,
    secret          TEXT NOT NULL,
    secret_expires  INTEGER NOT NULL,
    host_tokens     INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    UNIQUE (organization_id, provider, account)
) STRICT;
CREATE INDEX crier_channels_list ON crier_channels (organization_id, created_at, id) WHERE state <> 'disconnected';

CREATE TABLE crier_connects (
    state_hash      TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    user_id         TEXT NOT NULL,
    provider        TEXT NOT NULL,
    sealed          TEXT NOT NULL,
    expires_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX crier_connects_expiry ON crier_connects (expires_at);

-- list_at is due_at, or created_at for a post without a due time. channels
-- repeats the channels of targets, as a JSON array.
CREATE TABLE crier_posts (
    id              TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    author_id       TEXT NOT NULL,
    state           TEXT NOT NULL,
    items           TEXT NOT NULL,
    targets         TEXT NOT NULL,
    channels        TEXT NOT NULL,
    due_at          INTEGER NOT NULL,
    list_at         INTEGER NOT NULL,
    zone            TEXT NOT NULL,
    wall            TEXT NOT NULL,
    tags            TEXT NOT NULL,
    revision        INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    version         INTEGER NOT NULL
) STRICT;
CREATE INDEX crier_posts_list ON crier_posts (organization_id, list_at, id) WHERE state <> 'deleted';

-- wake_at is null where nothing but a person helps. claimable_at is the later
-- of wake_at and lease_until: the time from which a worker may take the row.
CREATE TABLE crier_deliveries (
    id              TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    post_id         TEXT NOT NULL,
    channel_id      TEXT NOT NULL,
    provider        TEXT NOT NULL,
    state           TEXT NOT NULL,
    due_at          INTEGER NOT NULL,
    wake_at         INTEGER,
    claimable_at    INTEGER,
    lease_owner     TEXT NOT NULL,
    lease_until     INTEGER NOT NULL,
    lease_token     INTEGER NOT NULL,
    revision        INTEGER NOT NULL,
    parts           TEXT NOT NULL,
    progress        TEXT NOT NULL,
    open_attempt_id TEXT NOT NULL,
    attempts        INTEGER NOT NULL,
    tries           INTEGER NOT NULL,
    looks           INTEGER NOT NULL,
    bound           INTEGER NOT NULL,
    reason          TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    version         INTEGER NOT NULL
) STRICT;
CREATE INDEX crier_deliveries_wake ON crier_deliveries (wake_at, id) WHERE wake_at IS NOT NULL;
CREATE INDEX crier_deliveries_claimable ON crier_deliveries (claimable_at) WHERE claimable_at IS NOT NULL;
CREATE INDEX crier_deliveries_post ON crier_deliveries (post_id, due_at, id);
CREATE INDEX crier_deliveries_channel ON crier_deliveries (channel_id, state, due_at, id);

CREATE TABLE crier_attempts (
    id              TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    post_id         TEXT NOT NULL,
    delivery_id     TEXT NOT NULL,
    item            INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    attempt_key     TEXT NOT NULL,
    revision        INTEGER NOT NULL,
    started_at      INTEGER NOT NULL,
    ended_at        INTEGER NOT NULL,
    result          TEXT NOT NULL,
    reason          TEXT NOT NULL,
    status          INTEGER NOT NULL,
    ref             TEXT NOT NULL
) STRICT;
CREATE INDEX crier_attempts_delivery ON crier_attempts (delivery_id, number, id);

CREATE TABLE crier_media (
    id              TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    name            TEXT NOT NULL,
    kind            TEXT NOT NULL,
    mime            TEXT NOT NULL,
    bytes           INTEGER NOT NULL,
    width           INTEGER NOT NULL,
    height          INTEGER NOT NULL,
    sha256          TEXT NOT NULL,
    alt             TEXT NOT NULL,
    blob_key        TEXT NOT NULL,
    created_by      TEXT NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX crier_media_list ON crier_media (organization_id, created_at, id);

CREATE TABLE crier_outbox (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    organization_id TEXT NOT NULL,
    kind            TEXT NOT NULL,
    post_id         TEXT NOT NULL,
    subject         TEXT NOT NULL,
    data            TEXT NOT NULL,
    happened_at     INTEGER NOT NULL,
    relayed_at      INTEGER
) STRICT;
CREATE INDEX crier_outbox_pending ON crier_outbox (seq) WHERE relayed_at IS NULL;
CREATE INDEX crier_outbox_post ON crier_outbox (post_id, seq) WHERE post_id <> '';

CREATE TABLE crier_documents (
    space   TEXT NOT NULL,
    key     TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    data    TEXT NOT NULL,
    PRIMARY KEY (space, key)
) STRICT;
CREATE INDEX crier_documents_list ON crier_documents (space, made_at, key);

CREATE TABLE crier_secrets (
    name   TEXT NOT NULL PRIMARY KEY,
    sealed TEXT NOT NULL
) STRICT;
