ALTER TABLE "users" ADD CONSTRAINT "named" CHECK (email <> '') NOT VALID;
