ALTER TABLE "users" VALIDATE CONSTRAINT "users_token_colmig_not_null";
