#[derive(colmig::Table)]
struct User {
    id: i64,
}

fn main() {}
