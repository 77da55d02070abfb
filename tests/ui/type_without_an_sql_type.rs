struct Money(i64);

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(unique)]
    money: Money,
}

fn main() {}
