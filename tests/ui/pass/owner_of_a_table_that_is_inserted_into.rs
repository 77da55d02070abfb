#[derive(colmig::Table)]
#[colmig(owner = "shop", partial)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
}

fn main() {}
