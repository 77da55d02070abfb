#[derive(colmig::Enum)]
pub enum Mood {
    Happy,
    #[colmig(deprecated, replace_with = "Happy")]
    Sad,
}

fn main() {}
