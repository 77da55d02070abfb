ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_street_colmig_not_null";
ALTER TABLE "users" ALTER COLUMN "street" DROP NOT NULL;
ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "users_city_colmig_not_null";
ALTER TABLE "users" ALTER COLUMN "city" DROP NOT NULL;
