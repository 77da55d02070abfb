#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(adding, backfill = "lower(email)")]
    handle: colmig::WriteOnly<String>,
    email: String,
}

fn f(user: &User) {
    println!("{}", user.email);
}

fn main() {}
