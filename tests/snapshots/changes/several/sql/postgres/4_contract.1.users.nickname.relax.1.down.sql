ALTER TABLE "users" ADD CONSTRAINT "users_nickname_colmig_not_null" CHECK ("nickname" IS NOT NULL) NOT VALID;
