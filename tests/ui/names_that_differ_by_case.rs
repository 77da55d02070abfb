#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
    #[colmig(column = "Email")]
    mail: String,
}

fn main() {}
