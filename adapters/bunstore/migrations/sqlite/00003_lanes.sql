-- Workers claim lanes, a row a channel, instead of deliveries: so a channel does
-- one thing at a time, and a claim costs the same however many deliveries wait.

-- +goose Up

-- claimable_at is when a claim must look at the channel at the latest, and the
-- greatest number where nothing waits. What is written on deliveries only ever
-- lowers it; only a claim, which holds the row, raises it. free_at is when the
-- channel may begin its next delivery.
CREATE TABLE crier_lanes (
    channel_id      TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    provider        TEXT NOT NULL,
    claimable_at    INTEGER NOT NULL,
    free_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX crier_lanes_claimable ON crier_lanes (claimable_at);

-- leads repeats domain.Delivery.Leads.
ALTER TABLE crier_deliveries ADD COLUMN leads INTEGER NOT NULL DEFAULT 0;
UPDATE crier_deliveries SET leads = 1
 WHERE state IN ('scheduled', 'preparing')
    OR state = 'publishing' AND (parts = '' OR parts LIKE '[{}%');

INSERT INTO crier_lanes (channel_id, organization_id, provider, claimable_at, free_at)
SELECT channel_id, min(organization_id), min(provider), coalesce(min(wake_at), 9223372036854775807), -62135596800000000
  FROM crier_deliveries GROUP BY channel_id;

DROP INDEX crier_deliveries_wake;
DROP INDEX crier_deliveries_claimable;
ALTER TABLE crier_deliveries DROP COLUMN claimable_at;
CREATE INDEX crier_deliveries_heads ON crier_deliveries (channel_id, due_at, id) WHERE leads AND wake_at IS NOT NULL;
CREATE INDEX crier_deliveries_others ON crier_deliveries (channel_id, wake_at, id) WHERE NOT leads AND wake_at IS NOT NULL;
CREATE INDEX crier_deliveries_held ON crier_deliveries (channel_id, lease_until) WHERE lease_owner <> '';

-- gap is in nanoseconds.
ALTER TABLE crier_channels ADD COLUMN gap INTEGER NOT NULL DEFAULT 0;
