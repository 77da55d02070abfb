ALTER TABLE "users" DROP CONSTRAINT "users_handle_colmig_not_null";
