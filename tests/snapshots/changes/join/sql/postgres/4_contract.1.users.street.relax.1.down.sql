ALTER TABLE "users" ADD CONSTRAINT "users_street_colmig_not_null" CHECK ("street" IS NOT NULL) NOT VALID;
