#[derive(colmig::Enum)]
pub enum Payment {
    Cash,
    Card(i64),
}

fn main() {}
