#[derive(colmig::Enum)]
pub enum Mood {
    Happy,
}

fn main() {}
