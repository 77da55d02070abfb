#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(column = "mail", column = "email")]
    email: String,
}

fn main() {}
