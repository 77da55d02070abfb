ALTER TABLE "order" ADD CONSTRAINT "order_a ""quoted"" name_colmig_not_null" CHECK ("a ""quoted"" name" IS NOT NULL) NOT VALID;
