ALTER TABLE "users" ADD COLUMN "first" varchar(255), ADD COLUMN "last" varchar(255), ALGORITHM=INSTANT;
