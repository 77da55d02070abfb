//! The lock file beside the project that trybuild writes: what `ui/moves/recorded/` declares, as if it had
//! been generated. This package has none, so the accepted moves are checked by the parser alone.

use std::path::{Path, PathBuf};

use colmig_core::lock::{FILE, Lock, Recorded};
use colmig_core::parse::{Declared, DeclaredEnum, SourceFile, check, check_enum, source};
use colmig_core::schema::{EnumType, EnumValue, Schema, Table};
use colmig_core::types::Database;
use fs_err as fs;

/// Writes it.
pub(crate) fn write() {
    let directory = project();
    fs::create_dir_all(&directory).expect("the target directory can be written");
    fs::write(directory.join(FILE), lock().render()).expect("the target directory can be written");
}

/// Removes it: a table that it does not record is new, and most cases are about tables that are not.
pub(crate) fn remove() {
    let file = project().join(FILE);
    if file.exists() {
        fs::remove_file(file).expect("the target directory can be written");
    }
}

/// Where trybuild puts its project.
fn project() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it is in the target");
    target.join("tests/trybuild").join(env!("CARGO_PKG_NAME"))
}

fn lock() -> Lock {
    let born = "0001";
    let text = fs::read_to_string(super::ui().join("moves/recorded/users.rs"));
    let file = declared(&text.expect("it is there"));
    let enums = file.enums.into_iter().map(|DeclaredEnum { enumeration, .. }| {
        let values = enumeration.values.into_iter();
        let values = values.map(|value| EnumValue { born: born.into(), ..value }).collect();
        EnumType { born: born.into(), values, ..enumeration }
    });
    let tables = file.tables.into_iter().map(|Declared { table, .. }| {
        let columns = table.columns.into_iter();
        let columns =
            columns.map(|column| colmig_core::schema::Column { born: born.into(), ..column });
        Table { columns: columns.collect(), born: born.into(), ..table }
    });
    let migration = Recorded { id: "0001_create_users".into(), hash: String::new() };
    Lock {
        written_by: String::new(),
        project: "shop".into(),
        packages: vec![concat!(env!("CARGO_PKG_NAME"), "-tests").into()],
        // The moves have indexes of some rows and computed columns, which MySQL would refuse.
        databases: vec![Database::Postgres, Database::Sqlite],
        // The column's mistakes are those of a release: one that never left its branch is mended otherwise.
        migrations: vec![migration, Recorded { id: "0002_other".into(), hash: String::new() }],
        schema: Schema { enums: enums.collect(), ..Schema::of(tables.collect()) },
    }
}

fn declared(text: &str) -> SourceFile {
    let file = source(text).unwrap_or_else(|mistake| panic!("{}", mistake.problem));
    assert!(file.mistakes.is_empty(), "{text}");
    file
}

#[test]
fn the_nearest_legal_move_is_legal() {
    let lock = lock();
    for name in super::moves::CASES {
        let file = super::ui().join("moves/pass").join(name).with_extension("rs");
        let file = declared(&fs::read_to_string(file).expect("it is listed"));
        let tables = file.tables.iter().flat_map(|declared| check(declared, Some(&lock)));
        let enums = file.enums.iter().flat_map(|declared| check_enum(declared, Some(&lock)));
        let shown: Vec<_> = tables.chain(enums).map(|m| m.problem.to_string()).collect();
        assert!(shown.is_empty(), "{name}: {}", shown.join("\n"));
    }
}
