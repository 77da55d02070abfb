#[derive(colmig::Table, PartialEq)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(adding, backfill = "lower(email)")]
    handle: colmig::WriteOnly<String>,
    email: String,
}

fn main() {}
