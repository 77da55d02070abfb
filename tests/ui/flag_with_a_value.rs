#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(auto = true, default = "0")]
    visits: i64,
}

fn main() {}
