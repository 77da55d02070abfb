ALTER TABLE "users" VALIDATE CONSTRAINT "users_handle_colmig_not_null";
