ALTER TABLE "order" VALIDATE CONSTRAINT "order_a ""quoted"" name_colmig_not_null";
