ALTER TABLE "users" ADD CONSTRAINT "users_bio_colmig_not_null" CHECK ("bio" IS NOT NULL) NOT VALID;
