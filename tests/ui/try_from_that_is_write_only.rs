use colmig::WriteOnly;

struct Age(i64);

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[sqlx(try_from = "i64")]
    #[colmig(deprecated)]
    age: WriteOnly<Age>,
}

fn main() {}
