ALTER TABLE "users" ADD CONSTRAINT "users_full_name_colmig_not_null" NOT NULL "full_name" NOT VALID;
