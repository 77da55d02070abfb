ALTER TABLE "users" ADD CONSTRAINT "users_full_name_colmig_not_null" CHECK ("full_name" IS NOT NULL) NOT VALID;
