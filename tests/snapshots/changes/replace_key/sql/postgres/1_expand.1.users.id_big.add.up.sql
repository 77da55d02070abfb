ALTER TABLE "users" ADD COLUMN "id_big" bigint;
-- In the same transaction: the grants, the comment, the statistics target and the collation of what is
-- replaced, as they are then.
