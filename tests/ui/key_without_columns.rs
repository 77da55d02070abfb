#[derive(colmig::Table)]
#[colmig(primary_key())]
struct User {
    id: i64,
}

fn main() {}
