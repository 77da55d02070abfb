#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(column = "")]
    email: String,
}

fn main() {}
