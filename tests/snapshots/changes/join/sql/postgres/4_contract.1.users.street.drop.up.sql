ALTER TABLE "users" DROP COLUMN "street";
ALTER TABLE "users" DROP COLUMN "city";
