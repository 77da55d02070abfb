#[derive(colmig::Enum)]
enum Mood {
    Happy,
    Sad,
    #[colmig(adding)]
    Angry,
}

fn main() {}
