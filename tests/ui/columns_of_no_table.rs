struct User {
    id: i64,
}

fn f() {
    let _ = colmig::columns!(User; id);
}

fn main() {}
