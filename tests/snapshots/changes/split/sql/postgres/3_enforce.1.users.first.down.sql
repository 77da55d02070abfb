ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_first_colmig_not_null";
ALTER TABLE "users" ALTER COLUMN "first" DROP NOT NULL;
ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_last_colmig_not_null";
ALTER TABLE "users" ALTER COLUMN "last" DROP NOT NULL;
