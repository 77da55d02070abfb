#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    full_name: String,
}

fn main() {}
