#[derive(colmig::Enum)]
enum Mood {
    Happy,
    #[colmig(deprecated, replace_with = "Happy")]
    Sad,
}

fn main() {}
