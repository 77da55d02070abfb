ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_token_colmig_not_null";
ALTER TABLE "users" ALTER COLUMN "token" DROP NOT NULL;
