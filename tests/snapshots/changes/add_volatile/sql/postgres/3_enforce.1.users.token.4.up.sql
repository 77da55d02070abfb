ALTER TABLE "users" DROP CONSTRAINT "users_token_colmig_not_null";
