-- How people want to see things.

-- +goose Up
ALTER TABLE crier_users ADD COLUMN zone text NOT NULL DEFAULT '';
ALTER TABLE crier_users ADD COLUMN language text NOT NULL DEFAULT '';
ALTER TABLE crier_users ADD COLUMN week_start text NOT NULL DEFAULT '';
ALTER TABLE crier_users ADD COLUMN time_format text NOT NULL DEFAULT '';
ALTER TABLE crier_users ADD COLUMN avatar text NOT NULL DEFAULT '';
ALTER TABLE crier_users ADD COLUMN avatar_organization text NOT NULL DEFAULT '';
