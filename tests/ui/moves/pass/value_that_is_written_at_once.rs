#[derive(colmig::Enum)]
pub enum Mood {
    Happy,
    Sad,
    #[colmig(adding)]
    Angry,
}

fn main() {}
