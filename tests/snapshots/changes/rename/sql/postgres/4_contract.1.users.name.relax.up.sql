ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_name_colmig_not_null";
ALTER TABLE "users" ALTER COLUMN "name" DROP NOT NULL;
