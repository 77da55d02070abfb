ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_address_colmig_not_null";
ALTER TABLE "users" ALTER COLUMN "address" DROP NOT NULL;
