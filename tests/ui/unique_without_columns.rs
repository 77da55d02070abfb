#[derive(colmig::Table)]
#[colmig(unique)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
}

fn main() {}
