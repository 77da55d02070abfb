#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key, atuo)]
    id: i64,
}

fn main() {}
