-- API keys, the audit log, and groups of channels. Nothing changes an entry of
-- the audit log, and nothing removes one while its organization exists.

-- +goose Up
CREATE TABLE crier_api_keys (
    id              TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    name            TEXT NOT NULL,
    hash            TEXT NOT NULL UNIQUE,
    hint            TEXT NOT NULL,
    scope           TEXT NOT NULL,
    channels        TEXT NOT NULL,
    maker_id        TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    rotated_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    used_at         INTEGER NOT NULL,
    revoked_at      INTEGER,
    version         INTEGER NOT NULL
) STRICT;
CREATE INDEX crier_api_keys_list ON crier_api_keys (organization_id, created_at, id) WHERE revoked_at IS NULL;

CREATE TABLE crier_audit (
    id              TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    made_at         INTEGER NOT NULL,
    user_id         TEXT NOT NULL,
    key_id          TEXT NOT NULL,
    action          TEXT NOT NULL,
    resource        TEXT NOT NULL,
    resource_id     TEXT NOT NULL,
    name            TEXT NOT NULL,
    changes         TEXT NOT NULL,
    request_id      TEXT NOT NULL,
    network         TEXT NOT NULL
) STRICT;
CREATE INDEX crier_audit_list ON crier_audit (organization_id, made_at, id);
CREATE INDEX crier_audit_resource ON crier_audit (organization_id, resource_id, made_at, id);

-- +goose StatementBegin
CREATE TRIGGER crier_audit_keep_update BEFORE UPDATE ON crier_audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER crier_audit_keep_delete BEFORE DELETE ON crier_audit
WHEN EXISTS (SELECT 1 FROM crier_organizations WHERE id = OLD.organization_id)
BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
-- +goose StatementEnd

CREATE TABLE crier_groups (
    id              TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    name            TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    UNIQUE (organization_id, name)
) STRICT;
CREATE INDEX crier_groups_list ON crier_groups (organization_id, created_at, id);

ALTER TABLE crier_channels ADD COLUMN group_id TEXT NOT NULL DEFAULT '';
CREATE INDEX crier_channels_group ON crier_channels (group_id, organization_id) WHERE group_id <> '';
