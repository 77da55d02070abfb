#[derive(colmig::Table)]
struct Role {
    #[colmig(primary_key)]
    name: String,
}

fn main() {}
