#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(default(oracle = "0", sqlite = "0"))]
    visits: i64,
}

fn main() {}
