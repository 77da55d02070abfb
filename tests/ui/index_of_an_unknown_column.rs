#[derive(colmig::Table)]
#[colmig(index(mail))]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
}

fn main() {}
