//! Every state of a column, and what the derive makes of it.

use colmig::{Table, WriteOnly};

#[derive(sqlx::FromRow, Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    pub name: Option<String>,
    #[colmig(adding, backfill = "lower(email)")]
    pub handle: WriteOnly<String>,
    #[colmig(deprecated)]
    pub nickname: WriteOnly<Option<String>>,
    #[colmig(default = "0")]
    pub visits: i64,
    #[colmig(column = "mail box")]
    pub mailbox: String,
    #[sqlx(rename = "Rank")]
    pub rank: i32,
    #[sqlx(skip)]
    pub cache: Vec<String>,
    pub r#type: String,
}

#[test]
fn main() {
    let table = User::TABLE;
    assert_eq!((table.name, table.project, table.head, table.born), ("users", "", "", ""));
    assert!(table.rust.ends_with("::User"), "{}", table.rust);
    assert_eq!(table.package, env!("CARGO_PKG_NAME"));
    assert_eq!(table.primary_key, ["id"]);
    let columns = table.columns.iter().map(|column| format!("{}: {}", column.name, column.stand));
    let expected = [
        "id: required",
        "email: required",
        "name: optional",
        "handle: adding",
        "nickname: loose",
        "visits: required",
        "mail box: required",
        "Rank: required",
        "type: required",
    ];
    assert_eq!(columns.collect::<Vec<_>>(), expected);
    assert!(table.columns[0].auto && !table.columns[5].auto);
    let here = |table: &&colmig::TableInfo| table.rust.starts_with(module_path!());
    assert_eq!(colmig::linked().iter().copied().filter(here).count(), 1);
    let select = r#"SELECT "users"."id" AS "id", "users"."email" AS "email", "users"."name" AS "name", NULL AS "handle", NULL AS "nickname", "users"."visits" AS "visits", "users"."mail box" AS "mailbox", "users"."Rank" AS "Rank", "users"."type" AS "type" FROM "users""#;
    assert_eq!(User::SELECT, select);
    let user = User {
        id: 1,
        email: String::new(),
        name: None,
        handle: String::new().into(),
        nickname: None.into(),
        visits: 0,
        mailbox: String::new(),
        rank: 0,
        cache: Vec::new(),
        r#type: String::new(),
    };
    assert!((0..9).all(|index| !user.is_unset(index)));
    let _ = (&user.email, &user.name, &user.cache, user.id, user.visits, user.rank);
}
