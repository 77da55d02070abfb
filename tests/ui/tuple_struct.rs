#[derive(colmig::Table)]
struct User(i64);

fn main() {}
