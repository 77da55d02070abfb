ALTER TABLE "users" VALIDATE CONSTRAINT "users_city_colmig_not_null";
