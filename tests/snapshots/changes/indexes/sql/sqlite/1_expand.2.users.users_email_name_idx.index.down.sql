DROP INDEX IF EXISTS "users_email_name_idx";
