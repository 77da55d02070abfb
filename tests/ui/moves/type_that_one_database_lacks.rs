struct Decimal;

#[derive(colmig::Table)]
struct Order {
    #[colmig(primary_key)]
    id: i64,
    total: Decimal,
}

fn main() {}
