ALTER TABLE "users" DROP CONSTRAINT "users_first_colmig_not_null";
