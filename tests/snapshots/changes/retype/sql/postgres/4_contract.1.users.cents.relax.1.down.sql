ALTER TABLE "users" ADD CONSTRAINT "users_cents_colmig_not_null" CHECK ("cents" IS NOT NULL) NOT VALID;
