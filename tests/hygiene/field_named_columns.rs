//! The name of one more constant of a table.

use colmig::Table as _;

#[derive(colmig::Table)]
#[colmig(table = "odd")]
pub struct Odd {
    #[colmig(primary_key)]
    pub id: i64,
    pub columns: i64,
}

pub const COLUMNS: &str = Odd::COLUMNS;
