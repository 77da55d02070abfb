#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
    #[colmig(generated = "lower(email)")]
    handle: String,
}

fn main() {}
