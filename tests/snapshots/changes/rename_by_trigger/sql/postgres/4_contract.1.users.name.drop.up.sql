DROP TRIGGER IF EXISTS "zz_colmig_full_name_alike" ON "users";
DROP FUNCTION IF EXISTS "users_full_name_colmig_alike"();
ALTER TABLE "users" DROP COLUMN "name";
