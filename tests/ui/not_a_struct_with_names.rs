#[derive(colmig::Table)]
struct User(i64);

#[derive(colmig::Table)]
enum Role {
    Admin,
}

fn main() {}
