ALTER TABLE "users" VALIDATE CONSTRAINT "users_name_colmig_not_null";
