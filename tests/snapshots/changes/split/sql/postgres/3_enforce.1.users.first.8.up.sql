ALTER TABLE "users" DROP CONSTRAINT "users_last_colmig_not_null";
