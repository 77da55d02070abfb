struct Age(i64);

impl From<i64> for Age {
    fn from(years: i64) -> Age {
        Age(years)
    }
}

#[derive(sqlx::FromRow, colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[sqlx(try_from = "i64")]
    age: Age,
}

fn main() {}
