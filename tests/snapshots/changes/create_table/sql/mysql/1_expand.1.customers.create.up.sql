CREATE TABLE "customers" (
    "id" bigint NOT NULL AUTO_INCREMENT,
    "email" varchar(255) NOT NULL,
    PRIMARY KEY ("id"),
    UNIQUE INDEX "customers_email_key" ("email")
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
