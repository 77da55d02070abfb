ALTER TABLE "users" ADD COLUMN "first" text;
ALTER TABLE "users" ADD COLUMN "last" text;
-- In the same transaction: the grants, the comment, the statistics target and the collation of what is
-- replaced, as they are then.
