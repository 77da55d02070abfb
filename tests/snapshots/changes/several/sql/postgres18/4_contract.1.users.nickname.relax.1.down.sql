ALTER TABLE "users" ADD CONSTRAINT "users_nickname_colmig_not_null" NOT NULL "nickname" NOT VALID;
