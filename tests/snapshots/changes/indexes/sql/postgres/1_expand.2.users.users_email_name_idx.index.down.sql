DROP INDEX CONCURRENTLY IF EXISTS "users_email_name_idx";
