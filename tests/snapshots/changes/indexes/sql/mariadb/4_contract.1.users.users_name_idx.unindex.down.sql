ALTER TABLE "users" ADD INDEX "users_name_idx" ("name"), ALGORITHM=NOCOPY, LOCK=NONE;
