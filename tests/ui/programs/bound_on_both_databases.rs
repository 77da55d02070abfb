//! A table can be written wherever each of its types can.

use colmig::{Bind, WriteOnly};

#[derive(sqlx::FromRow, colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(adding, backfill(postgres = "''", sqlite = "''"))]
    handle: WriteOnly<String>,
    #[colmig(type = "text")]
    theme: Theme,
}

#[derive(sqlx::Type)]
enum Theme {
    Dark,
    Light,
}

#[derive(colmig::Table)]
struct Tags {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(type = "text[]")]
    tags: Vec<String>,
}

fn is_bound<T: Bind<DB>, DB: sqlx::Database>() {}

#[test]
fn main() {
    is_bound::<User, sqlx::Postgres>();
    is_bound::<User, sqlx::Sqlite>();
    is_bound::<Tags, sqlx::Postgres>();
    let user = User { id: 1, handle: String::new().into(), theme: Theme::Dark };
    let _ = (user.id, user.theme, Theme::Light);
    let tags = Tags { id: 1, tags: Vec::new() };
    let _ = (tags.id, tags.tags);
}
