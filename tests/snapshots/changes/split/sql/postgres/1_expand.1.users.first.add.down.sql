ALTER TABLE "users" DROP COLUMN "first";
ALTER TABLE "users" DROP COLUMN "last";
