ALTER TABLE "users" VALIDATE CONSTRAINT "users_nickname_colmig_not_null";
