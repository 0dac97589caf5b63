-- Posts that recur, and the weekly posting times of channels. expand_at is null
-- where nothing more is to be booked. occurrence is empty for a delivery of a
-- post that did not recur; kept is what a delivery publishes instead of what
-- its post says now.

-- +goose Up
ALTER TABLE crier_posts ADD COLUMN recurrence text NOT NULL DEFAULT '';
ALTER TABLE crier_posts ADD COLUMN expand_at bigint;
ALTER TABLE crier_posts ADD COLUMN expanded_to bigint;
ALTER TABLE crier_posts ADD COLUMN queued boolean NOT NULL DEFAULT false;
CREATE INDEX crier_posts_expand ON crier_posts (expand_at, id) WHERE expand_at IS NOT NULL;

ALTER TABLE crier_deliveries ADD COLUMN occurrence text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE crier_deliveries ADD COLUMN kept text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX crier_deliveries_occurrence ON crier_deliveries (post_id, occurrence, channel_id, organization_id) WHERE occurrence <> '';

ALTER TABLE crier_channels ADD COLUMN slots text NOT NULL DEFAULT '';
