ALTER TABLE "order" DROP CONSTRAINT "order_a ""quoted"" name_colmig_not_null";
