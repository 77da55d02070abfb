ALTER TABLE "users" DROP CONSTRAINT "users_address_colmig_not_null";
