DROP INDEX CONCURRENTLY IF EXISTS "users_id_big_colmig_key";
