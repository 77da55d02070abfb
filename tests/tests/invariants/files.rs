//! Two seams a database, with matching file names.

use std::collections::BTreeSet;

use colmig_core::types::DATABASES;
use colmig_tests::program::root;
use fs_err as fs;

/// What else stands beside the drivers.
const SHARED: &[&str] = &["ledger", "types"];

/// The modules in a folder, by name.
fn modules(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder");
    let names =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.map(|name| name.trim_end_matches(".rs").to_owned()).filter(|name| name != "mod").collect()
}

fn expected(shared: &[&str]) -> BTreeSet<String> {
    let words = DATABASES.iter().map(|(_, word)| *word);
    words.chain(shared.iter().copied()).map(str::to_owned).collect()
}

#[test]
fn every_database_has_a_dialect_and_a_driver_of_its_name_and_nothing_else_has() {
    assert_eq!(modules("core/src/dialect"), expected(&[]));
    assert_eq!(modules("runtime/src/driver"), expected(SHARED));
    assert_ne!(modules("core/src"), expected(&[]), "another folder would not do");
}
