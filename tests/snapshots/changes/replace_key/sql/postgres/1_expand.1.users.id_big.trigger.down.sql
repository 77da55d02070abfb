DROP TRIGGER IF EXISTS "zz_colmig_id_big_alike" ON "users";
DROP FUNCTION IF EXISTS "users_id_big_colmig_alike"();
