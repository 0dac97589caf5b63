-- reason_code repeats the code of reason, so that failures can be grouped by
-- their cause. The index holds only what needs a person.

-- +goose Up
ALTER TABLE crier_deliveries ADD COLUMN reason_code TEXT NOT NULL DEFAULT '';
UPDATE crier_deliveries SET reason_code = coalesce(json_extract(reason, '$.code'), '') WHERE reason <> '';
CREATE INDEX crier_deliveries_failures ON crier_deliveries (organization_id, state, reason_code, provider, updated_at, id)
    WHERE state IN ('failed', 'unknown', 'blocked', 'missed');
