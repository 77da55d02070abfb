#[derive(colmig::Enum)]
pub enum Size {
    Small,
    Large,
}

fn main() {}
