#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(default(sqlite = "0", sqlite = "1"))]
    visits: i64,
}

fn main() {}
