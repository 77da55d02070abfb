ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_cents_colmig_not_null";
ALTER TABLE "users" ALTER COLUMN "cents" DROP NOT NULL;
