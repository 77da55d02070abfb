#[derive(colmig::Enum)]
pub struct Mood {
    pub word: String,
}

fn main() {}
