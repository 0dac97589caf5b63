-- Approval of posts, and what is paused. paused and approval hold JSON; empty
-- means that there is none.

-- +goose Up
ALTER TABLE crier_organizations ADD COLUMN require_approval INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crier_organizations ADD COLUMN paused TEXT NOT NULL DEFAULT '';
ALTER TABLE crier_channels ADD COLUMN paused TEXT NOT NULL DEFAULT '';
ALTER TABLE crier_posts ADD COLUMN approval TEXT NOT NULL DEFAULT '';

-- What holds for the whole installation.
CREATE TABLE crier_settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
