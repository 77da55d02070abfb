ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_org_fkey";
