#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
    #[colmig(column = "email")]
    mail: String,
}

fn main() {}
