ALTER TABLE "users" VALIDATE CONSTRAINT "users_street_colmig_not_null";
