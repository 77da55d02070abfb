ALTER TABLE "users" ADD CONSTRAINT "users_token_colmig_not_null" CHECK ("token" IS NOT NULL) NOT VALID;
