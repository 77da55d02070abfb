ALTER TABLE "users" ADD CONSTRAINT "users_cents_colmig_not_null" NOT NULL "cents" NOT VALID;
