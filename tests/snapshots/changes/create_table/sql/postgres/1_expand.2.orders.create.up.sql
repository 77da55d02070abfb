CREATE TABLE "orders" (
    "customer" bigint NOT NULL,
    "number" integer NOT NULL,
    "token" uuid NOT NULL,
    "amount" bigint NOT NULL,
    "state" text NOT NULL DEFAULT 'open',
    "doubled" bigint GENERATED ALWAYS AS (amount * 2) STORED NOT NULL,
    "note" text,
    "placed_at" timestamptz NOT NULL,
    PRIMARY KEY ("customer", "number"),
    CONSTRAINT "orders_customer_token_key" UNIQUE ("customer", "token"),
    CONSTRAINT "total" CHECK (amount >= 0),
    CONSTRAINT "orders_customer_fkey" FOREIGN KEY ("customer") REFERENCES "customers" ("id") ON DELETE CASCADE
);
CREATE INDEX "orders_placed_at_idx" ON "orders" ("placed_at" DESC) WHERE amount > 0;
CREATE INDEX "orders_expr_idx" ON "orders" ((lower(note)));
