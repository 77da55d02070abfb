ALTER TABLE "users" ADD CONSTRAINT "users_address_colmig_not_null" NOT NULL "address" NOT VALID;
