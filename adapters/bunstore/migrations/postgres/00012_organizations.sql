-- Invitations that wait, and when an organization is deleted with everything
-- that belongs to it: null while nobody wants that.

-- +goose Up
CREATE TABLE crier_invitations (
    id              text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    email           text NOT NULL,
    mailed          boolean NOT NULL,
    role            text NOT NULL,
    inviter_id      text NOT NULL,
    created_at      bigint NOT NULL,
    expires_at      bigint NOT NULL
);
CREATE INDEX crier_invitations_list ON crier_invitations (organization_id, created_at, id);

CREATE INDEX crier_members_list ON crier_members (organization_id, created_at, user_id);

ALTER TABLE crier_organizations ADD COLUMN ends_at bigint;
