ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_amount_colmig_not_null";
ALTER TABLE "users" ALTER COLUMN "amount" DROP NOT NULL;
