#[derive(colmig::Enum)]
enum Mood {
    Happy,
}

fn main() {}
