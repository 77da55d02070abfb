ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_nickname_colmig_not_null";
ALTER TABLE "users" ALTER COLUMN "nickname" DROP NOT NULL;
