#[derive(colmig::Table)]
struct Order {
    #[colmig(primary_key)]
    id: i64,
    total: i64,
}

fn main() {}
