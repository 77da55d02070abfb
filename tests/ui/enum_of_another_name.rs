#[derive(colmig::Enum)]
#[colmig(type = "feeling")]
pub enum Mood {
    Happy,
}

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(enum)]
    mood: Mood,
}

fn main() {}
