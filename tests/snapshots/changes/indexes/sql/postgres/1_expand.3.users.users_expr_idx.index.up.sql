CREATE INDEX CONCURRENTLY "users_expr_idx" ON "users" ((lower(email)));
