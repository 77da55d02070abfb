#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(constant = "THE_EMAIL")]
    email: String,
}

fn main() {}
