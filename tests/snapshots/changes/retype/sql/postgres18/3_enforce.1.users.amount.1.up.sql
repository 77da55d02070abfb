ALTER TABLE "users" ADD CONSTRAINT "users_amount_colmig_not_null" NOT NULL "amount" NOT VALID;
