ALTER TABLE "users" VALIDATE CONSTRAINT "users_amount_colmig_not_null";
