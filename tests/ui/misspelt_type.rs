type Strng = String;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: Strng,
}

fn main() {}
