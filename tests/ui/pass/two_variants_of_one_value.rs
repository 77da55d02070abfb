#[derive(colmig::Enum)]
pub enum Mood {
    Happy,
    #[colmig(rename = "cheerful")]
    Cheerful,
}

fn main() {}
