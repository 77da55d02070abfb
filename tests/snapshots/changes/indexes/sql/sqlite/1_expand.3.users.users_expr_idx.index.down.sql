DROP INDEX IF EXISTS "users_expr_idx";
