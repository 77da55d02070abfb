#[derive(colmig::Enum)]
pub enum Mood {
    Happy,
}

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(enum)]
    moods: Vec<Mood>,
}

fn main() {}
