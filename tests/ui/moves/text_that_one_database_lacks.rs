#[derive(colmig::Table)]
struct Order {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(default(sqlite = "0"))]
    total: i64,
}

fn main() {}
