ALTER TABLE "users" ADD CONSTRAINT "users_address_colmig_not_null" CHECK ("address" IS NOT NULL) NOT VALID;
