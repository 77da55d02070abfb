ALTER TABLE "users" ADD COLUMN "amount" bigint;
