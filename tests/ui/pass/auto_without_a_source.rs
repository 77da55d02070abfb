#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(auto, default = "1")]
    number: i64,
}

fn main() {}
