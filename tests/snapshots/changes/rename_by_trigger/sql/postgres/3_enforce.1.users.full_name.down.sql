ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_full_name_colmig_not_null";
ALTER TABLE "users" ALTER COLUMN "full_name" DROP NOT NULL;
