ALTER TABLE "users" ADD CONSTRAINT "users_handle_colmig_not_null" CHECK ("handle" IS NOT NULL) NOT VALID;
