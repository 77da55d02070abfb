#[derive(colmig::Table)]
#[colmig(partial)]
struct User {
    email: String,
}

fn f(user: &User) {
    let _ = colmig::update(user);
}

fn main() {}
