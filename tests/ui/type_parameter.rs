#[derive(colmig::Table)]
struct User<Name> {
    #[colmig(primary_key)]
    id: i64,
    name: Name,
}

fn main() {}
