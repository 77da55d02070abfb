CREATE TABLE "customers" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "email" TEXT NOT NULL
);
CREATE UNIQUE INDEX "customers_email_key" ON "customers" ("email");
