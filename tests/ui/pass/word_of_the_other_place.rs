#[derive(colmig::Table)]
#[colmig(table = "users")]
struct User {
    #[colmig(primary_key, auto)]
    id: i64,
}

fn main() {}
