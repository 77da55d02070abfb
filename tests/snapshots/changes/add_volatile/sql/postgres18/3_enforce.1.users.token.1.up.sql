ALTER TABLE "users" ADD CONSTRAINT "users_token_colmig_not_null" NOT NULL "token" NOT VALID;
