ALTER TABLE "users" DROP COLUMN "address";
