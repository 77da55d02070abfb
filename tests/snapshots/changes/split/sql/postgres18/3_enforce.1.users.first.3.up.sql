ALTER TABLE "users" ADD CONSTRAINT "users_last_colmig_not_null" NOT NULL "last" NOT VALID;
