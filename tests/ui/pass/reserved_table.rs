#[derive(colmig::Table)]
#[colmig(table = "users")]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
}

fn main() {}
