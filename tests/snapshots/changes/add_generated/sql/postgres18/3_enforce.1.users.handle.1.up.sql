ALTER TABLE "users" ADD CONSTRAINT "users_handle_colmig_not_null" NOT NULL "handle" NOT VALID;
