ALTER TABLE "users" ALTER COLUMN "token" SET DEFAULT (unhex(replace(uuid(), '-', ''))), ALGORITHM=INSTANT, LOCK=NONE;
