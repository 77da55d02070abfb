ALTER TABLE "order" ADD COLUMN "a ""quoted"" name" TEXT;
