-- Credentials are renewed ahead of their end. refresh_at is when; care_at is the
-- earliest time at which a worker has something to do about a credential, and
-- null where there is nothing.

-- +goose Up
ALTER TABLE crier_channels ADD COLUMN refresh_at       bigint;
ALTER TABLE crier_channels ADD COLUMN care_at          bigint;
ALTER TABLE crier_channels ADD COLUMN renewal_owner    text NOT NULL DEFAULT '';
ALTER TABLE crier_channels ADD COLUMN renewal_until    bigint NOT NULL DEFAULT -62135596800000000;
ALTER TABLE crier_channels ADD COLUMN renewal_token    bigint NOT NULL DEFAULT 0;
ALTER TABLE crier_channels ADD COLUMN refresh_failures bigint NOT NULL DEFAULT 0;
ALTER TABLE crier_channels ADD COLUMN refresh_problem  text NOT NULL DEFAULT '';
ALTER TABLE crier_channels ADD COLUMN foretold         text NOT NULL DEFAULT '';
CREATE INDEX crier_channels_care ON crier_channels (care_at, id) WHERE care_at IS NOT NULL;

-- Seven days before the end of what is connected already, a worker sees whether
-- it can be renewed or people must be told.
UPDATE crier_channels SET care_at = secret_expires - 604800000000
WHERE state = 'active' AND NOT host_tokens AND secret_expires > 0;
