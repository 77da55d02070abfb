ALTER TABLE "users" VALIDATE CONSTRAINT "users_bio_colmig_not_null";
