#[derive(Table)]
#[colmig(
    table = "orders",
    primary_key(customer, number),
    unique(customer, token),
    check(total = "amount >= 0"),
    index(placed_at desc, where = "amount > 0"),
    index(expr = "lower(note)")
)]
pub struct Order {
    #[colmig(references(customers.id, on_delete = "cascade"))]
    pub customer: i64,
    pub number: i32,
    pub token: Uuid,
    pub amount: i64,
    #[colmig(default = "'open'")]
    pub state: String,
    #[colmig(generated = "amount * 2")]
    pub doubled: i64,
    pub note: Option<String>,
    pub placed_at: DateTime<Utc>,
}

#[derive(Table)]
#[colmig(table = "customers")]
pub struct Customer {
    #[colmig(primary_key, auto)]
    pub id: i64,
    #[colmig(unique)]
    pub email: String,
}
