-- How people want to see things.

-- +goose Up
ALTER TABLE crier_users ADD COLUMN zone TEXT NOT NULL DEFAULT '';
ALTER TABLE crier_users ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE crier_users ADD COLUMN week_start TEXT NOT NULL DEFAULT '';
ALTER TABLE crier_users ADD COLUMN time_format TEXT NOT NULL DEFAULT '';
ALTER TABLE crier_users ADD COLUMN avatar TEXT NOT NULL DEFAULT '';
ALTER TABLE crier_users ADD COLUMN avatar_organization TEXT NOT NULL DEFAULT '';
