#[derive(colmig::Table)]
struct Order {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(default(sqlite = "0", postgres = "1"))]
    total: i64,
}

fn main() {}
