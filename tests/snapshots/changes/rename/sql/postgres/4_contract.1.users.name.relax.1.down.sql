ALTER TABLE "users" ADD CONSTRAINT "users_name_colmig_not_null" CHECK ("name" IS NOT NULL) NOT VALID;
