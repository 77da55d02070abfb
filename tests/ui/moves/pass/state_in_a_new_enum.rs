#[derive(colmig::Enum)]
enum Size {
    Small,
    Large,
}

fn main() {}
