ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_handle_colmig_not_null";
ALTER TABLE "users" ALTER COLUMN "handle" DROP NOT NULL;
