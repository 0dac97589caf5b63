-- Approval of posts, and what is paused. paused and approval hold JSON; empty
-- means that there is none.

-- +goose Up
ALTER TABLE crier_organizations ADD COLUMN require_approval boolean NOT NULL DEFAULT false;
ALTER TABLE crier_organizations ADD COLUMN paused text NOT NULL DEFAULT '';
ALTER TABLE crier_channels ADD COLUMN paused text NOT NULL DEFAULT '';
ALTER TABLE crier_posts ADD COLUMN approval text NOT NULL DEFAULT '';

-- What holds for the whole installation.
CREATE TABLE crier_settings (
    name  text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
);
