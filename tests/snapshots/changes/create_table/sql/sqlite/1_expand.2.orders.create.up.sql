CREATE TABLE "orders" (
    "customer" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "token" BLOB NOT NULL,
    "amount" INTEGER NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "doubled" INTEGER GENERATED ALWAYS AS (amount * 2) STORED NOT NULL,
    "note" TEXT,
    "placed_at" DATETIME NOT NULL,
    PRIMARY KEY ("customer", "number"),
    CONSTRAINT "total" CHECK (amount >= 0),
    CONSTRAINT "orders_customer_fkey" FOREIGN KEY ("customer") REFERENCES "customers" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "orders_customer_token_key" ON "orders" ("customer", "token");
CREATE INDEX "orders_placed_at_idx" ON "orders" ("placed_at" DESC) WHERE amount > 0;
CREATE INDEX "orders_expr_idx" ON "orders" ((lower(note)));
