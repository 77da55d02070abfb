ALTER TABLE "users" DROP CONSTRAINT "users_bio_colmig_not_null";
