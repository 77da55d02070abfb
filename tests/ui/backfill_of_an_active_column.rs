#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(backfill = "lower(email)")]
    handle: Option<String>,
}

fn main() {}
