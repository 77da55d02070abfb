#[derive(colmig::Table)]
struct Order {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(adding, backfill = "0")]
    total: colmig::WriteOnly<i64>,
}

fn main() {}
