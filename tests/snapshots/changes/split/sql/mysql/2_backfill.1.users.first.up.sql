-- For the reader: `apply` runs this in batches in the order of the primary key, with its progress
-- in each batch's own transaction, and then counts the rows that are left.
UPDATE "users" SET "first" = substr(name, 1, 4), "last" = substr(name, 5) WHERE (NOT ("first" <=> (substr(name, 1, 4))) OR NOT ("last" <=> (substr(name, 5))));
