#[derive(colmig::Table)]
struct User;

fn main() {}
