#[derive(colmig::Table, serde::Serialize)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[serde(skip_serializing)]
    #[colmig(adding, backfill = "lower(email)")]
    handle: colmig::WriteOnly<String>,
    email: String,
}

fn main() {}
