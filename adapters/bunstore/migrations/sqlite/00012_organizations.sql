-- Invitations that wait, and when an organization is deleted with everything
-- that belongs to it: null while nobody wants that.

-- +goose Up
CREATE TABLE crier_invitations (
    id              TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    email           TEXT NOT NULL,
    mailed          INTEGER NOT NULL,
    role            TEXT NOT NULL,
    inviter_id      TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX crier_invitations_list ON crier_invitations (organization_id, created_at, id);

CREATE INDEX crier_members_list ON crier_members (organization_id, created_at, user_id);

ALTER TABLE crier_organizations ADD COLUMN ends_at INTEGER;
