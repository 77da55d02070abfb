ALTER TABLE "users" VALIDATE CONSTRAINT "users_address_colmig_not_null";
