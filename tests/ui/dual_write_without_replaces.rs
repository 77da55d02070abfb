#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    name: String,
    #[colmig(dual_write = "trigger")]
    full_name: String,
}

fn main() {}
