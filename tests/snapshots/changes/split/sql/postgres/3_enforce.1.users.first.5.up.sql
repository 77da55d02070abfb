ALTER TABLE "users" ADD CONSTRAINT "users_last_colmig_not_null" CHECK ("last" IS NOT NULL) NOT VALID;
