#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key, adding, backfill = "0")]
    id: colmig::WriteOnly<i64>,
}

fn main() {}
