struct User {
    id: i64,
}

fn f(user: &User) {
    let _ = colmig::insert(user);
}

fn main() {}
