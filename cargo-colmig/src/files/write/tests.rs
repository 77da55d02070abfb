use std::collections::BTreeMap;

use colmig_core::migration::{FORMAT, Manifest};
use colmig_core::schema::Schema;

use super::*;

struct Place {
    _dir: tempfile::TempDir,
    project: Project,
}

fn place() -> Place {
    let dir = tempfile::tempdir().expect("there is room");
    let root = Utf8Path::from_path(dir.path()).expect("a plain path").to_owned();
    let project = Project {
        config: root.join("colmig.toml"),
        lock: root.join("colmig.lock"),
        migrations: root.join("migrations"),
    };
    Place { _dir: dir, project }
}

fn migration(id: &str) -> Migration {
    let manifest = Manifest {
        format: FORMAT,
        id: id.into(),
        parent: String::new(),
        databases: Vec::new(),
        changes: Vec::new(),
        before: Schema::default(),
    };
    Migration::new(manifest, BTreeMap::from([("sqlite/1.up.sql".into(), "SELECT 1;\n".into())]))
}

/// Every file below a directory, hidden ones too.
fn tree(place: &Place) -> Vec<String> {
    fn walk(root: &Utf8Path, dir: &Utf8Path, found: &mut Vec<String>) {
        for entry in dir.read_dir_utf8().expect("it is there") {
            let path = entry.expect("it is there").into_path();
            found.push(path.strip_prefix(root).expect("it is below").to_string());
            if path.is_dir() {
                walk(root, &path, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(place.project.root(), place.project.root(), &mut found);
    found.sort_unstable();
    found
}

const WHOLE: &[&str] = &[
    "colmig.lock",
    "migrations",
    "migrations/0001_a",
    "migrations/0001_a/migration.json",
    "migrations/0001_a/sqlite",
    "migrations/0001_a/sqlite/1.up.sql",
];

#[test]
fn all_is_written_and_nothing_is_left_beside_it() {
    let place = place();
    let (one, two) = (migration("0001_a"), migration("0001_b"));
    let make = |old, new, lock| write(&place.project, Rewrite { old, new, lock });
    make(None, Some(&two), "two").expect("it can be written");
    make(Some("0001_b"), Some(&one), "one").expect("it can be replaced by another name");
    assert_eq!(tree(&place), WHOLE);
    make(Some("0001_a"), Some(&one), "again").expect("it can be replaced by the same name");
    assert_eq!(tree(&place), WHOLE);
    make(Some("0001_a"), None, "gone").expect("it can be removed");
    assert_eq!(tree(&place), ["colmig.lock", "migrations"]);
    assert_eq!(fs::read_to_string(&place.project.lock).expect("it is there"), "gone");
}

#[test]
fn a_failure_leaves_everything_as_it_was() {
    let place = place();
    let one = migration("0001_a");
    let make = |old, new| write(&place.project, Rewrite { old, new, lock: "new" });
    write(&place.project, Rewrite { old: None, new: Some(&one), lock: "old" }).expect("written");
    // In the place of the new directory there is one already, with something in it.
    let taken = place.project.migrations.join("0001_b");
    fs::create_dir_all(taken.join("x")).expect("there is room");
    let before = tree(&place);
    let problem = make(Some("0001_a"), Some(&migration("0001_b"))).expect_err("it is taken");
    assert_eq!(problem.code, FILE_UNWRITABLE);
    assert!(problem.place.expect("it has one").ends_with("migrations/0001_b"));
    assert_eq!(tree(&place), before);
    assert_eq!(fs::read_to_string(&place.project.lock).expect("it is there"), "old");
}

#[test]
fn a_lock_file_that_cannot_be_written_stops_it_before_anything_is() {
    let place = place();
    let one = migration("0001_a");
    fs::create_dir(&place.project.lock).expect("there is room");
    let rewrite = Rewrite { old: None, new: Some(&one), lock: "new" };
    assert_eq!(write(&place.project, rewrite).map_err(|p| p.code), Err(FILE_UNWRITABLE));
    fs::remove_dir(&place.project.lock).expect("it is empty");
    fs::write(&place.project.lock, "old").expect("there is room");
    let mut permissions = fs::metadata(&place.project.lock).expect("it is there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&place.project.lock, permissions).expect("it is ours");
    assert_eq!(write(&place.project, rewrite).map_err(|p| p.code), Err(FILE_UNWRITABLE));
    assert_eq!(tree(&place), ["colmig.lock"]);
}

#[cfg(unix)]
#[test]
fn others_may_read_what_was_written_and_a_link_stays_a_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let place = place();
    let target = place.project.root().join("elsewhere.lock");
    fs::write(&target, "old").expect("there is room");
    let usual = fs::metadata(&target).expect("it is there").permissions().mode();
    symlink(&target, &place.project.lock).expect("there is room");
    write(&place.project, Rewrite { old: None, new: None, lock: "new" }).expect("written");
    assert_eq!(fs::read_to_string(&target).expect("it is there"), "new");
    assert_eq!(fs::metadata(&target).expect("it is there").permissions().mode(), usual);
    assert!(fs::symlink_metadata(&place.project.lock).expect("it is there").is_symlink());
}
