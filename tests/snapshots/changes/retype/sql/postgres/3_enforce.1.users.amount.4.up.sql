ALTER TABLE "users" DROP CONSTRAINT "users_amount_colmig_not_null";
