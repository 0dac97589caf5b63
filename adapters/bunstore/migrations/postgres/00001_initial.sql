-- Times are microseconds since 1970-01-01 UTC: to_timestamp(due_at / 1e6) reads
-- one. The zero time is the first instant of the year 1. Identifiers are
-- compared byte by byte, whatever the locale of the database is.
--
-- There are no foreign keys: rows that belong together are written in one
-- transaction, every look-up is bound to an organization, hardly anything is
-- ever deleted, and a key's share locks would make workers wait for editors.

-- +goose Up
CREATE TABLE crier_organizations (
    id          text COLLATE "C" PRIMARY KEY,
    name        text   NOT NULL,
    zone        text   NOT NULL,
    late_window bigint NOT NULL,
    created_at  bigint NOT NULL,
    version     bigint NOT NULL
);

CREATE TABLE crier_users (
    id            text COLLATE "C" PRIMARY KEY,
    email         text COLLATE "C" NOT NULL UNIQUE,
    name          text   NOT NULL,
    password_hash text   NOT NULL,
    created_at    bigint NOT NULL,
    version       bigint NOT NULL
);

CREATE TABLE crier_members (
    organization_id text COLLATE "C" NOT NULL,
    user_id         text COLLATE "C" NOT NULL,
    role            text   NOT NULL,
    created_at      bigint NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX crier_members_user ON crier_members (user_id, created_at, organization_id);

CREATE TABLE crier_sessions (
    id              text COLLATE "C" PRIMARY KEY,
    user_id         text   NOT NULL,
    organization_id text   NOT NULL,
    token_hash      text   NOT NULL,
    created_at      bigint NOT NULL,
    expires_at      bigint NOT NULL,
    revoked_at      bigint NOT NULL,
    version         bigint NOT NULL
);

CREATE TABLE crier_channels (
    id              text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    provider        text COLLATE "C" NOT NULL,
    account         text COLLATE "C" NOT NULL,
    name            text    NOT NULL,
    handle          text    NOT NULL,
    url             text    NOT NULL,
    avatar          text    NOT NULL,
    traits          text    NOT NULL,
    state           text    NOT NULL,
    state_reason    text    NOT NULL,
    secret          text    NOT NULL,
    secret_expires  bigint  NOT NULL,
    host_tokens     boolean NOT NULL,
    created_at      bigint  NOT NULL,
    updated_at      bigint  NOT NULL,
    version         bigint  NOT NULL,
    UNIQUE (organization_id, provider, account)
);
CREATE INDEX crier_channels_list ON crier_channels (organization_id, created_at, id) WHERE state <> 'disconnected';

CREATE TABLE crier_connects (
    state_hash      text COLLATE "C" PRIMARY KEY,
    organization_id text   NOT NULL,
    user_id         text   NOT NULL,
    provider        text   NOT NULL,
    sealed          text   NOT NULL,
    expires_at      bigint NOT NULL
);
CREATE INDEX crier_connects_expiry ON crier_connects (expires_at);

-- list_at is due_at, or created_at for a post without a due time. channels
-- repeats the channels of targets, as a JSON array.
CREATE TABLE crier_posts (
    id              text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    author_id       text   NOT NULL,
    state           text   NOT NULL,
    items           text   NOT NULL,
    targets         text   NOT NULL,
    channels        text   NOT NULL,
    due_at          bigint NOT NULL,
    list_at         bigint NOT NULL,
    zone            text   NOT NULL,
    wall            text   NOT NULL,
    tags            text   NOT NULL,
    revision        bigint NOT NULL,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
    version         bigint NOT NULL
);
CREATE INDEX crier_posts_list ON crier_posts (organization_id, list_at, id) WHERE state <> 'deleted';

-- wake_at is null where nothing but a person helps. claimable_at is the later
-- of wake_at and lease_until: the time from which a worker may take the row.
CREATE TABLE crier_deliveries (
    id              text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    post_id         text COLLATE "C" NOT NULL,
    channel_id      text COLLATE "C" NOT NULL,
    provider        text   NOT NULL,
    state           text   NOT NULL,
    due_at          bigint NOT NULL,
    wake_at         bigint,
    claimable_at    bigint,
    lease_owner     text   NOT NULL,
    lease_until     bigint NOT NULL,
    lease_token     bigint NOT NULL,
    revision        bigint NOT NULL,
    parts           text   NOT NULL,
    progress        text   NOT NULL,
    open_attempt_id text   NOT NULL,
    attempts        bigint NOT NULL,
    tries           bigint NOT NULL,
    looks           bigint NOT NULL,
    bound           bigint NOT NULL,
    reason          text   NOT NULL,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
    version         bigint NOT NULL
);
CREATE INDEX crier_deliveries_wake ON crier_deliveries (wake_at, id) WHERE wake_at IS NOT NULL;
CREATE INDEX crier_deliveries_claimable ON crier_deliveries (claimable_at) WHERE claimable_at IS NOT NULL;
CREATE INDEX crier_deliveries_post ON crier_deliveries (post_id, due_at, id);
CREATE INDEX crier_deliveries_channel ON crier_deliveries (channel_id, state, due_at, id);

CREATE TABLE crier_attempts (
    id              text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    post_id         text   NOT NULL,
    delivery_id     text COLLATE "C" NOT NULL,
    item            bigint NOT NULL,
    number          bigint NOT NULL,
    attempt_key     text   NOT NULL,
    revision        bigint NOT NULL,
    started_at      bigint NOT NULL,
    ended_at        bigint NOT NULL,
    result          text   NOT NULL,
    reason          text   NOT NULL,
    status          bigint NOT NULL,
    ref             text   NOT NULL
);
CREATE INDEX crier_attempts_delivery ON crier_attempts (delivery_id, number, id);

CREATE TABLE crier_media (
    id              text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    name            text   NOT NULL,
    kind            text   NOT NULL,
    mime            text   NOT NULL,
    bytes           bigint NOT NULL,
    width           bigint NOT NULL,
    height          bigint NOT NULL,
    sha256          text   NOT NULL,
    alt             text   NOT NULL,
    blob_key        text   NOT NULL,
    created_by      text   NOT NULL,
    created_at      bigint NOT NULL
);
CREATE INDEX crier_media_list ON crier_media (organization_id, created_at, id);

CREATE TABLE crier_outbox (
    seq             bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    id              text COLLATE "C" NOT NULL UNIQUE,
    organization_id text COLLATE "C" NOT NULL,
    kind            text   NOT NULL,
    post_id         text COLLATE "C" NOT NULL,
    subject         text   NOT NULL,
    data            text   NOT NULL,
    happened_at     bigint NOT NULL,
    relayed_at      bigint
);
CREATE INDEX crier_outbox_pending ON crier_outbox (seq) WHERE relayed_at IS NULL;
CREATE INDEX crier_outbox_post ON crier_outbox (post_id, seq) WHERE post_id <> '';

CREATE TABLE crier_documents (
    space   text COLLATE "C" NOT NULL,
    key     text COLLATE "C" NOT NULL,
    made_at bigint NOT NULL,
    data    text   NOT NULL,
    PRIMARY KEY (space, key)
);
CREATE INDEX crier_documents_list ON crier_documents (space, made_at, key);

CREATE TABLE crier_secrets (
    name   text COLLATE "C" PRIMARY KEY,
    sealed text NOT NULL
);
