SET foreign_key_checks = 0;
ALTER TABLE "users" ADD CONSTRAINT "users_org_fkey" FOREIGN KEY ("org") REFERENCES "orgs" ("id") ON DELETE CASCADE, ALGORITHM=INPLACE, LOCK=NONE;
SET foreign_key_checks = 1;
