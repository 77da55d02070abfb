ALTER TABLE "users" DROP CONSTRAINT "users_name_colmig_not_null";
