#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
}

fn main() {}
