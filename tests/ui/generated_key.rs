#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key, generated = "lower(email)")]
    handle: String,
    email: String,
}

fn main() {}
