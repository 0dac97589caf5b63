-- How much of the rate limits of a platform app is used, by all workers
-- together. One row for each app that has limits of its own. The row changes
-- often and never its key, so room in its page keeps the index as it is.

-- +goose Up
CREATE TABLE crier_budgets (
    id         text COLLATE "C" PRIMARY KEY,
    windows    text   NOT NULL,
    calls_left bigint NOT NULL,
    left_until bigint NOT NULL,
    version    bigint NOT NULL
) WITH (fillfactor = 50);
