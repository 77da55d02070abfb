ALTER TABLE "users" ADD COLUMN "address" text;
