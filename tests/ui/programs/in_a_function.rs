//! A table can be declared where it is used; two may have one struct name.

use colmig::Table;

fn one() -> &'static str {
    #[derive(Table)]
    struct User {
        #[colmig(primary_key)]
        id: i64,
    }
    let _ = User { id: 1 }.id;
    User::SELECT
}

fn two() -> &'static str {
    #[derive(Table)]
    #[colmig(table = "accounts")]
    struct User {
        #[colmig(primary_key)]
        id: i64,
    }
    let _ = User { id: 1 }.id;
    User::SELECT
}

#[test]
fn main() {
    assert_ne!(one(), two());
    let here = |table: &&colmig::TableInfo| table.rust.starts_with(module_path!());
    assert_eq!(colmig::linked().iter().copied().filter(here).count(), 2);
}
