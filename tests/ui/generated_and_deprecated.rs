#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
    #[colmig(deprecated, generated = "lower(email)")]
    handle: colmig::WriteOnly<String>,
}

fn main() {}
