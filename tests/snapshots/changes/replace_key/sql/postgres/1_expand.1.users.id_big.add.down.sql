ALTER TABLE "users" DROP COLUMN "id_big";
