-- For the reader: `apply` runs this in batches in the order of the primary key, with its progress
-- in each batch's own transaction, and then counts the rows that are left.
UPDATE "users" SET "token" = unhex(replace(uuid(), '-', '')) WHERE "token" IS NULL;
