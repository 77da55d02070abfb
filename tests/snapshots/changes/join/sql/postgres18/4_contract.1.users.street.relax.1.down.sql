ALTER TABLE "users" ADD CONSTRAINT "users_street_colmig_not_null" NOT NULL "street" NOT VALID;
