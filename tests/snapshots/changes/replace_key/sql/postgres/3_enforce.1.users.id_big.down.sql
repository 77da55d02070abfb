ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_id_big_colmig_not_null";
ALTER TABLE "users" ALTER COLUMN "id_big" DROP NOT NULL;
