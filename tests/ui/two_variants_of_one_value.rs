#[derive(colmig::Enum)]
pub enum Mood {
    Happy,
    #[colmig(rename = "Happy")]
    Cheerful,
}

fn main() {}
