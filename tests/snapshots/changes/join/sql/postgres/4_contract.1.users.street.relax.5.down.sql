ALTER TABLE "users" ADD CONSTRAINT "users_city_colmig_not_null" CHECK ("city" IS NOT NULL) NOT VALID;
