ALTER TABLE "users" ADD COLUMN "handle" TEXT;
