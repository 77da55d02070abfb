//! The struct is used as a table in every way; only its own mistake is reported.

#[derive(sqlx::FromRow, colmig::Table)]
struct User {
    #[colmig(primary_key, auto)]
    id: i64,
    email: Strin,
    #[colmig(ading)]
    age: i64,
}

type Strin = String;

async fn sign_up(user: &User, pool: &sqlx::SqlitePool) -> colmig::Result<u64> {
    let user: User = colmig::insert(user).fetch_one(pool).await?;
    let text = <User as colmig::Table>::SELECT;
    assert!(!text.is_empty());
    Ok(colmig::update(&user).execute(pool).await?.rows_affected())
}

fn main() {
    let _ = sign_up;
}
