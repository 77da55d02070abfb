ALTER TABLE "users" VALIDATE CONSTRAINT "users_cents_colmig_not_null";
