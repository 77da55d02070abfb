ALTER TABLE "users" VALIDATE CONSTRAINT "users_org_fkey";
