-- Posts that recur, and the weekly posting times of channels. expand_at is null
-- where nothing more is to be booked. occurrence is empty for a delivery of a
-- post that did not recur; kept is what a delivery publishes instead of what
-- its post says now.

-- +goose Up
ALTER TABLE crier_posts ADD COLUMN recurrence TEXT NOT NULL DEFAULT '';
ALTER TABLE crier_posts ADD COLUMN expand_at INTEGER;
ALTER TABLE crier_posts ADD COLUMN expanded_to INTEGER;
ALTER TABLE crier_posts ADD COLUMN queued INTEGER NOT NULL DEFAULT 0;
CREATE INDEX crier_posts_expand ON crier_posts (expand_at, id) WHERE expand_at IS NOT NULL;

ALTER TABLE crier_deliveries ADD COLUMN occurrence TEXT NOT NULL DEFAULT '';
ALTER TABLE crier_deliveries ADD COLUMN kept TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX crier_deliveries_occurrence ON crier_deliveries (post_id, occurrence, channel_id, organization_id) WHERE occurrence <> '';

ALTER TABLE crier_channels ADD COLUMN slots TEXT NOT NULL DEFAULT '';
