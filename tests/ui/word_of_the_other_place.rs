#[derive(colmig::Table)]
#[colmig(auto)]
struct User {
    #[colmig(primary_key, table = "users")]
    id: i64,
}

fn main() {}
