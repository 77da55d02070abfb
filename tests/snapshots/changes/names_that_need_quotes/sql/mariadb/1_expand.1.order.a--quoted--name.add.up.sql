ALTER TABLE "order" ADD COLUMN "a ""quoted"" name" varchar(255), ALGORITHM=INSTANT, LOCK=NONE;
