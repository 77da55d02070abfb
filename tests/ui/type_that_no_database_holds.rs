#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    visits: u128,
}

fn main() {}
