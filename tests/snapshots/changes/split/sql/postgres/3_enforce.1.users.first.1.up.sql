ALTER TABLE "users" ADD CONSTRAINT "users_first_colmig_not_null" CHECK ("first" IS NOT NULL) NOT VALID;
