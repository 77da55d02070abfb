#[derive(colmig::Enum)]
enum Mood {
    Happy,
    Sad,
    Angry,
}

fn main() {}
