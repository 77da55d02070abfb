CREATE TABLE "customers" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "email" TEXT NOT NULL,
    CONSTRAINT "customers_email_key" UNIQUE ("email")
);
