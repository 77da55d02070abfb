#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(replaces(name))]
    full_name: String,
}

fn main() {}
