#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(adding, backfill = "lower(email)")]
    handle: colmig::WriteOnly<String>,
    email: String,
}

fn f(user: &User, state: &mut std::hash::DefaultHasher) {
    std::hash::Hash::hash(&user.email, state);
}

fn main() {}
