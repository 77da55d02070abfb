ALTER TABLE "users" ADD CONSTRAINT "users_name_colmig_not_null" NOT NULL "name" NOT VALID;
