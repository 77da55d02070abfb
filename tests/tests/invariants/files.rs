//! Two seams a database, with matching file names.

use std::collections::BTreeSet;

use colmig_core::types::DATABASES;
use colmig_tests::program::root;
use fs_err as fs;

/// The modules in a folder, by name.
fn modules(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder");
    let names =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.map(|name| name.trim_end_matches(".rs").to_owned()).filter(|name| name != "mod").collect()
}

#[test]
fn every_database_has_a_dialect_and_a_driver_of_its_name() {
    let databases: BTreeSet<_> = DATABASES.iter().map(|(_, word)| (*word).to_owned()).collect();
    let mut dialects = modules("core/src/dialect");
    for alike in ["archive", "trial"] {
        assert!(dialects.remove(alike), "what every database does alike");
    }
    assert_eq!(dialects, databases);
    assert!(modules("runtime/src/driver").is_superset(&databases));
    assert!(!modules("core/src").is_superset(&databases), "another folder would not do");
}
