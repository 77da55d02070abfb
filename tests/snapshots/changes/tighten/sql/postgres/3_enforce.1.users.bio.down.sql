ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_bio_colmig_not_null";
ALTER TABLE "users" ALTER COLUMN "bio" DROP NOT NULL;
