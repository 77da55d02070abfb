#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(type = "text[]")]
    tags: Vec<String>,
}

async fn f(user: &User, pool: &sqlx::PgPool) {
    let _ = colmig::insert(user).execute(pool).await;
}

fn main() {}
