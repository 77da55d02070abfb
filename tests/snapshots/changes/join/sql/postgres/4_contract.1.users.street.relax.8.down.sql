ALTER TABLE "users" DROP CONSTRAINT "users_city_colmig_not_null";
