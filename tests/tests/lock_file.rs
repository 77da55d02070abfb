//! Which lock file a derive heeds, and when it looks again: real packages in real workspaces, as cargo
//! arranges them.
//!
//! Each package declares one table with a column that must not be there at once. So a package in which the
//! compiler finds an error heeds a lock file that knows the table without that column, and one without
//! errors heeds none.

#[path = "lock_file/places.rs"]
mod places;
#[path = "lock_file/tracking.rs"]
mod tracking;

use std::path::Path;

use anyhow::Result;
use colmig_core::lock::{Lock, Recorded};
use colmig_core::schema::{Column, Schema, Table};
use colmig_core::types::ColumnType;
use colmig_tests::checked::Folder;
use colmig_tests::program::root;

const SOURCE: &str = r#"
#[derive(colmig::Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key)]
    pub id: i64,
    pub handle: String,
}
"#;

fn folder(name: &str) -> Result<Folder> {
    Folder::new(Path::new(env!("CARGO_TARGET_TMPDIR")), name)
}

/// A library with the table above.
fn write_package(folder: &Folder, place: &str, name: &str, more: &str) -> Result<()> {
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{}\n{more}",
        on_colmig()
    );
    folder.write(&format!("{place}/Cargo.toml"), &manifest)?;
    folder.write(&format!("{place}/src/lib.rs"), SOURCE)
}

/// The dependency on colmig. It needs no database to check a struct.
fn on_colmig() -> String {
    format!("colmig = {{ path = {:?} }}", root().join("runtime"))
}

/// A lock file that names these packages and knows the table with these columns.
fn lock(packages: &[&str], columns: &[&str]) -> String {
    let column = |name: &&str| {
        let word = if *name == "id" { "int8" } else { "text" };
        let column = Column::new(*name, ColumnType::Known(word.into()));
        Column { born: "0001".into(), ..column }
    };
    let users = Table {
        primary_key: vec!["id".into()],
        born: "0001".into(),
        columns: columns.iter().map(column).collect(),
        ..Table::new("users")
    };
    let lock = Lock {
        project: "shop".into(),
        packages: packages.iter().map(|package| (*package).to_owned()).collect(),
        migrations: vec![Recorded { id: "0001_create_users".into(), hash: String::new() }],
        schema: Schema { tables: vec![users], ..Schema::default() },
        ..Lock::default()
    };
    lock.render()
}

const ILLEGAL: &[&str] = &["id"];
const LEGAL: &[&str] = &["id", "handle"];
