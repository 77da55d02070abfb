ALTER TABLE "users" ADD COLUMN "full_name" varchar(255), ALGORITHM=INSTANT;
