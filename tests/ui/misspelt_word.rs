#[derive(colmig::Table)]
#[colmig(tabel = "users")]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
}

fn main() {}
