-- For the reader: `apply` runs this in batches in the order of the primary key, with its progress
-- in each batch's own transaction, and then counts the rows that are left.
UPDATE "users" SET "first" = CAST(substr(name, 1, 4) AS text), "last" = CAST(substr(name, 5) AS text) WHERE ("first" IS DISTINCT FROM (CAST(substr(name, 1, 4) AS text)) OR "last" IS DISTINCT FROM (CAST(substr(name, 5) AS text)));
