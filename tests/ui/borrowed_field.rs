#[derive(colmig::Table)]
struct User<'a> {
    #[colmig(primary_key)]
    id: i64,
    email: &'a str,
}

fn main() {}
