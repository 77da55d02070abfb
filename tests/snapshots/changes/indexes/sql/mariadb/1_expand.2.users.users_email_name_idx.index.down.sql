ALTER TABLE "users" DROP INDEX "users_email_name_idx", ALGORITHM=NOCOPY, LOCK=NONE;
