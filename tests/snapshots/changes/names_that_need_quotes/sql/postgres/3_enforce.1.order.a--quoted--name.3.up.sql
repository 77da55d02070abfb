ALTER TABLE "order" ALTER COLUMN "a ""quoted"" name" SET NOT NULL;
