ALTER TABLE "users" ADD COLUMN "handle" text GENERATED ALWAYS AS (lower(email)) VIRTUAL;
