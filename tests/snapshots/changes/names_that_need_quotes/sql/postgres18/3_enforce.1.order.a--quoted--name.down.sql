ALTER TABLE "order" ALTER COLUMN "a ""quoted"" name" DROP NOT NULL;
