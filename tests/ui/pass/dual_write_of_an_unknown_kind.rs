#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    name: String,
    #[colmig(replaces(name), forward = "name", dual_write = "trigger")]
    full_name: String,
}

fn main() {}
