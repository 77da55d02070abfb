//! The structs are used as tables in every way; only their own mistakes are reported.

#[derive(sqlx::FromRow, colmig::Table)]
struct User {
    #[colmig(primary_key, auto)]
    id: i64,
    email: Text,
    #[colmig(ading)]
    age: i64,
}

#[derive(colmig::Table)]
#[colmig(partial)]
struct Name<'n> {
    #[colmig(primary_key)]
    id: i64,
    name: &'n str,
}

type Text = String;

const COLUMN: colmig::Column<User, i64, colmig::state::Active> = User::AGE;

async fn sign_up(user: &User, pool: &sqlx::SqlitePool) -> colmig::Result<u64> {
    let user: User = colmig::insert(user).fetch_one(pool).await?;
    let text = <User as colmig::Table>::SELECT;
    assert_ne!(text, format!("SELECT {}", colmig::columns!(User as u; id, email, age)));
    assert_ne!(text, format!("{COLUMN}{}{}", User::EMAIL, Name::NAME));
    colmig::update(&Name { id: user.id, name: "ada" }).execute(pool).await?;
    Ok(colmig::update(&user).execute(pool).await?.rows_affected())
}

fn main() {
    let _ = sign_up;
}
