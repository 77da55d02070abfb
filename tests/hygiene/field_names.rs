//! Fields with keywords for names, and with those of the code's own variables.

use colmig::Table as _;

#[derive(colmig::Table)]
#[colmig(table = "odd")]
pub struct Odd {
    #[colmig(primary_key)]
    pub r#type: i64,
    pub r#fn: String,
    pub r#match: Option<String>,
    pub r#async: bool,
    pub r#gen: i32,
    pub arguments: String,
    pub index: i64,
    pub self_: i64,
    pub value: i64,
    pub __q: i64,
    pub __db: i64,
    pub t: i64,
    pub db: i64,
    pub table: i64,
    pub select: i64,
    pub project: i64,
    #[colmig(deprecated)]
    pub r#where: colmig::WriteOnly<i64>,
}

/// The table's own constants are still those.
pub const TABLE: &colmig::TableInfo = Odd::TABLE;
pub const SELECT: &str = Odd::SELECT;
