#[derive(colmig::Table)]
#[colmig(table = "user")]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
}

fn f(user: &User) {
    let _ = colmig::insert(user);
}

fn main() {}
