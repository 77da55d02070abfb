CREATE TABLE "orders" (
    "customer" bigint NOT NULL,
    "number" int NOT NULL,
    "token" binary(16) NOT NULL,
    "amount" bigint NOT NULL,
    "state" varchar(255) NOT NULL DEFAULT 'open',
    "doubled" bigint GENERATED ALWAYS AS (amount * 2) VIRTUAL,
    "note" varchar(255),
    "placed_at" datetime(6) NOT NULL,
    PRIMARY KEY ("customer", "number"),
    UNIQUE INDEX "orders_customer_token_key" ("customer", "token"),
    CONSTRAINT "total" CHECK (amount >= 0),
    CONSTRAINT "orders_customer_fkey" FOREIGN KEY ("customer") REFERENCES "customers" ("id") ON DELETE CASCADE,
    INDEX "orders_placed_at_idx" ("placed_at" DESC),
    INDEX "orders_expr_idx" (((lower(note))))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
