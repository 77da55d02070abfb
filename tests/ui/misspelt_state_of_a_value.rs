#[derive(colmig::Enum)]
pub enum Mood {
    Happy,
    #[colmig(depricated, replace_with = "Happy")]
    Sad,
}

fn main() {}
