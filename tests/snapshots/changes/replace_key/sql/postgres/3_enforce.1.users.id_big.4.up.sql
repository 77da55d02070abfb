ALTER TABLE "users" DROP CONSTRAINT "users_id_big_colmig_not_null";
