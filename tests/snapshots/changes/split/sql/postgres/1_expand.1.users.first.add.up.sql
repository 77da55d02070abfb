ALTER TABLE "users" ADD COLUMN "first" text;
ALTER TABLE "users" ADD COLUMN "last" text;
