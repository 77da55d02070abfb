#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
    #[colmig(column = "Mail")]
    mail: String,
}

fn main() {}
