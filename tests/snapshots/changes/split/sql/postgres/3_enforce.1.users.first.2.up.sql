ALTER TABLE "users" VALIDATE CONSTRAINT "users_first_colmig_not_null";
