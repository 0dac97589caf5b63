-- +goose Up
-- What people want no mail of: names with commas between them.
ALTER TABLE crier_users ADD COLUMN muted TEXT NOT NULL DEFAULT '';
