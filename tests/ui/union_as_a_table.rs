#[derive(colmig::Table)]
union User {
    id: i64,
}

fn main() {}
