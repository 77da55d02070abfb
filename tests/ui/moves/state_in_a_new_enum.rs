#[derive(colmig::Enum)]
pub enum Size {
    Small,
    #[colmig(adding)]
    Large,
}

fn main() {}
