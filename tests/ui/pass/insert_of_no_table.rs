#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
}

fn f(user: &User) {
    let _ = colmig::insert(user);
}

fn main() {}
