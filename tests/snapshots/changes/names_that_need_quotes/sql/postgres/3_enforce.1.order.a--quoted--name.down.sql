ALTER TABLE "order" DROP CONSTRAINT IF EXISTS "order_a ""quoted"" name_colmig_not_null";
ALTER TABLE "order" ALTER COLUMN "a ""quoted"" name" DROP NOT NULL;
