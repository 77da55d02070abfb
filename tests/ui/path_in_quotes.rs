#[derive(colmig::Table)]
#[colmig(crate = "colmig")]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
}

fn main() {}
