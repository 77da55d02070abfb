#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(constant = "the email")]
    email: String,
}

fn main() {}
