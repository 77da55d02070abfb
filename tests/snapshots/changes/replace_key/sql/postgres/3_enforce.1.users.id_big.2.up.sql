ALTER TABLE "users" VALIDATE CONSTRAINT "users_id_big_colmig_not_null";
