ALTER TABLE "users" ADD CONSTRAINT "users_id_big_colmig_not_null" CHECK ("id_big" IS NOT NULL) NOT VALID;
