ALTER TABLE "users" VALIDATE CONSTRAINT "users_last_colmig_not_null";
