#[derive(colmig::Enum)]
pub enum Payment {
    Cash,
    Card,
}

fn main() {}
