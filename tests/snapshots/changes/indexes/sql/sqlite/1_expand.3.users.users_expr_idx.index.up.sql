CREATE INDEX "users_expr_idx" ON "users" ((lower(email)));
