use colmig::WriteOnly;

struct Age(i64);

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(deprecated)]
    age: WriteOnly<i64>,
}

fn main() {}
