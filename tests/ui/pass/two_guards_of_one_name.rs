#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(unique(name = "one"), check(name = "two", "email <> ''"))]
    email: String,
}

fn main() {}
