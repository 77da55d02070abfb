ALTER TABLE "users" DROP CONSTRAINT "users_nickname_colmig_not_null";
