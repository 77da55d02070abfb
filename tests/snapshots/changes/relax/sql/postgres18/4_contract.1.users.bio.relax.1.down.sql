ALTER TABLE "users" ADD CONSTRAINT "users_bio_colmig_not_null" NOT NULL "bio" NOT VALID;
