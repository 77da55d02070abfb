struct Money(i64);

#[derive(colmig::Table)]
struct Order {
    #[colmig(primary_key)]
    id: u64,
    total: Option<Money>,
}

fn main() {}
