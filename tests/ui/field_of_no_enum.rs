#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(enum = "mood")]
    mood: String,
}

fn main() {}
