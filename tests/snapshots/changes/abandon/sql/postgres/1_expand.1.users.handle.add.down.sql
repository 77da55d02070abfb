ALTER TABLE "users" DROP COLUMN "handle";
