#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    name: String,
    #[colmig(replaces(name))]
    full_name: String,
}

fn main() {}
