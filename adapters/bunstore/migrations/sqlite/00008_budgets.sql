-- How much of the rate limits of a platform app is used, by all workers
-- together. One row for each app that has limits of its own.

-- +goose Up
CREATE TABLE crier_budgets (
    id         TEXT NOT NULL PRIMARY KEY,
    windows    TEXT NOT NULL,
    calls_left INTEGER NOT NULL,
    left_until INTEGER NOT NULL,
    version    INTEGER NOT NULL
) STRICT;
