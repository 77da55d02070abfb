ALTER TABLE "users" ADD CONSTRAINT "users_first_colmig_not_null" NOT NULL "first" NOT VALID;
