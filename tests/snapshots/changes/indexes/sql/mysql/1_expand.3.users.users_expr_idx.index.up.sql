ALTER TABLE "users" ADD INDEX "users_expr_idx" (((lower(email)))), ALGORITHM=INPLACE, LOCK=NONE;
