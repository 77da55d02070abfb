#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(adding, backfill = "lower(email)")]
    pub handle: String,
    email: String,
}

fn main() {}
