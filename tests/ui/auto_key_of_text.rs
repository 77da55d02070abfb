#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key, auto)]
    id: String,
}

fn main() {}
