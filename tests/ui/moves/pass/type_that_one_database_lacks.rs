struct Decimal;

#[derive(colmig::Table)]
struct Order {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(type(postgres = "numeric", sqlite = "TEXT"))]
    total: Decimal,
}

fn main() {}
