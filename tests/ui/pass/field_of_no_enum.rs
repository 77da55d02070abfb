#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(type = "citext")]
    mood: String,
}

fn main() {}
