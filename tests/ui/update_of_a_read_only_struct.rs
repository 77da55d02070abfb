#[derive(colmig::Table)]
#[colmig(read_only)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
}

fn f(user: &User) {
    let _ = colmig::update(user);
}

fn main() {}
