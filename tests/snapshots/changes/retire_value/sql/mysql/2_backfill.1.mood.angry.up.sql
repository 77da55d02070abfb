-- For the reader: `apply` runs this in batches in the order of the primary key, with its progress
-- in each batch's own transaction, and then counts the rows that are left.
UPDATE "notes" SET "mood" = 'sad' WHERE "mood" = 'angry';
UPDATE "users" SET "mood" = 'sad' WHERE "mood" = 'angry';
