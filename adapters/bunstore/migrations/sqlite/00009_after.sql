-- What follows on the platforms once a post is out: the rules of a post, and
-- deliveries that follow another one, of which there is one for each rule. They
-- share the occurrence of the one they follow, so the index of what is booked
-- for an occurrence leaves them out.

-- +goose Up
ALTER TABLE crier_posts ADD COLUMN after_rules TEXT NOT NULL DEFAULT '';

ALTER TABLE crier_deliveries ADD COLUMN follows TEXT NOT NULL DEFAULT '';
ALTER TABLE crier_deliveries ADD COLUMN rule INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crier_deliveries ADD COLUMN action TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX crier_deliveries_follows ON crier_deliveries (follows, rule, organization_id) WHERE follows <> '';
DROP INDEX crier_deliveries_occurrence;
CREATE UNIQUE INDEX crier_deliveries_occurrence ON crier_deliveries (post_id, occurrence, channel_id, organization_id) WHERE occurrence <> '' AND follows = '';
