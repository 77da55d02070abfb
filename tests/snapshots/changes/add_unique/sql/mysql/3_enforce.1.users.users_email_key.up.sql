ALTER TABLE "users" ADD UNIQUE INDEX "users_email_key" ("email"), ALGORITHM=INPLACE, LOCK=NONE;
