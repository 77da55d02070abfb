#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(replaces(name), forward = "name", reverse = "full_name", dual_write = "trigger")]
    full_name: String,
}

fn main() {}
