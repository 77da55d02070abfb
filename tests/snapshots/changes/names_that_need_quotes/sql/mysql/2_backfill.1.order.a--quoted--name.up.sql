-- For the reader: `apply` runs this in batches in the order of the primary key, with its progress
-- in each batch's own transaction, and then counts the rows that are left.
UPDATE "order" SET "a ""quoted"" name" = 'it''s ' || "User" WHERE "a ""quoted"" name" IS NULL;
