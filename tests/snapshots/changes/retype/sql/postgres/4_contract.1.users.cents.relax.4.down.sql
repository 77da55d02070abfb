ALTER TABLE "users" DROP CONSTRAINT "users_cents_colmig_not_null";
