ALTER TABLE "users" ADD CONSTRAINT "users_amount_colmig_not_null" CHECK ("amount" IS NOT NULL) NOT VALID;
