ALTER TABLE "order" DROP COLUMN "a ""quoted"" name", ALGORITHM=INSTANT;
