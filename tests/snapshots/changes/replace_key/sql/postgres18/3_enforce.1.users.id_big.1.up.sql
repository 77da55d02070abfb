ALTER TABLE "users" ADD CONSTRAINT "users_id_big_colmig_not_null" NOT NULL "id_big" NOT VALID;
