ALTER TABLE "users" DROP COLUMN "amount";
