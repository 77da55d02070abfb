#[derive(colmig::Enum)]
pub enum Mood {
    Happy,
    Sad,
    Angry,
}

fn main() {}
