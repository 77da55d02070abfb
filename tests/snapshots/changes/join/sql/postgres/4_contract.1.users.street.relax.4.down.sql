ALTER TABLE "users" DROP CONSTRAINT "users_street_colmig_not_null";
