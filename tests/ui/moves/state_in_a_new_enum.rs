#[derive(colmig::Enum)]
enum Size {
    Small,
    #[colmig(adding)]
    Large,
}

fn main() {}
