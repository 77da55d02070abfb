-- For the reader: `apply` runs this in batches in the order of the primary key, with its progress
-- in each batch's own transaction, and then counts the rows that are left.
UPDATE "users" SET "address" = street || '/' || city WHERE NOT ("address" <=> (street || '/' || city));
