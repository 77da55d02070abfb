ALTER TABLE "users" ADD INDEX "users_email_name_idx" ("email" DESC, "name"), ALGORITHM=INPLACE, LOCK=NONE;
