ALTER TABLE "users" ADD CONSTRAINT "users_city_colmig_not_null" NOT NULL "city" NOT VALID;
