ALTER TABLE "users" DROP COLUMN "cents";
