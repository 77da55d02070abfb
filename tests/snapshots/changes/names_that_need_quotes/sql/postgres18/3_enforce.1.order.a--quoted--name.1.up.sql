ALTER TABLE "order" ADD CONSTRAINT "order_a ""quoted"" name_colmig_not_null" NOT NULL "a ""quoted"" name" NOT VALID;
