-- API keys, the audit log, and groups of channels. Nothing changes an entry of
-- the audit log, and nothing removes one while its organization exists.

-- +goose Up
CREATE TABLE crier_api_keys (
    id              text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    name            text   NOT NULL,
    hash            text COLLATE "C" NOT NULL UNIQUE,
    hint            text   NOT NULL,
    scope           text   NOT NULL,
    channels        text   NOT NULL,
    maker_id        text   NOT NULL,
    created_at      bigint NOT NULL,
    rotated_at      bigint NOT NULL,
    expires_at      bigint NOT NULL,
    used_at         bigint NOT NULL,
    revoked_at      bigint,
    version         bigint NOT NULL
);
CREATE INDEX crier_api_keys_list ON crier_api_keys (organization_id, created_at, id) WHERE revoked_at IS NULL;

CREATE TABLE crier_audit (
    id              text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    made_at         bigint NOT NULL,
    user_id         text   NOT NULL,
    key_id          text   NOT NULL,
    action          text   NOT NULL,
    resource        text   NOT NULL,
    resource_id     text COLLATE "C" NOT NULL,
    name            text   NOT NULL,
    changes         text   NOT NULL,
    request_id      text   NOT NULL,
    network         text   NOT NULL
);
CREATE INDEX crier_audit_list ON crier_audit (organization_id, made_at, id);
CREATE INDEX crier_audit_resource ON crier_audit (organization_id, resource_id, made_at, id);

-- +goose StatementBegin
CREATE FUNCTION crier_audit_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT 1 FROM crier_organizations WHERE id = OLD.organization_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log only grows';
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER crier_audit_keep BEFORE UPDATE OR DELETE ON crier_audit
    FOR EACH ROW EXECUTE FUNCTION crier_audit_keep();

CREATE TABLE crier_groups (
    id              text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    name            text COLLATE "C" NOT NULL,
    created_at      bigint NOT NULL,
    version         bigint NOT NULL,
    UNIQUE (organization_id, name)
);
CREATE INDEX crier_groups_list ON crier_groups (organization_id, created_at, id);

ALTER TABLE crier_channels ADD COLUMN group_id text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX crier_channels_group ON crier_channels (group_id, organization_id) WHERE group_id <> '';
