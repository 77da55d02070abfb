//! `generate --amend`: the newest migration again, as if it had not been made.

use crate::shop::Shop;

const HANDLE: &str =
    "#[colmig(adding, backfill = \"lower(email)\")] pub handle: WriteOnly<String>,";

#[test]
fn it_replaces_the_newest_migration_under_its_number() {
    let shop = Shop::recorded();
    shop.users(HANDLE);
    shop.ok(&["generate"]);
    shop.users(&HANDLE.replace("handle", "login"));
    let ran = shop.ok(&["generate", "--amend"]);
    ran.says(&["Removed migrations/0002_add_users_handle/", "Amended 0002_add_users_login"]);
    assert_eq!(shop.migrations(), ["0001_create_users", "0002_add_users_login"]);
    shop.ok(&["generate", "--check"]);
    let lock = shop.read("colmig.lock");
    assert!(lock.contains("login") && !lock.contains("handle"), "{lock}");
}

#[test]
fn a_name_that_somebody_gave_stays() {
    let shop = Shop::recorded();
    shop.users(HANDLE);
    shop.ok(&["generate", "--name", "people"]);
    shop.users(&HANDLE.replace("lower", "upper"));
    shop.fails(
        &["generate"],
        100,
        &["the `backfill` of `handle` changed after `0002_people`", "--amend"],
    );
    let ran = shop.ok(&["generate", "--amend"]);
    ran.says(&["Amended 0002_people"]);
    assert!(!ran.err.contains("Removed"), "{}", ran.err);
    assert!(
        shop.read("migrations/0002_people/sqlite/2_backfill.1.users.handle.up.sql")
            .contains("upper(email)")
    );
    shop.ok(&["generate", "--amend"]).says(&["Unchanged"]);
    shop.ok(&["generate", "--amend", "--name", "names"]).says(&["Amended 0002_names"]);
    assert_eq!(shop.migrations(), ["0001_create_users", "0002_names"]);
}

#[test]
fn a_change_of_mind_removes_it() {
    let shop = Shop::recorded();
    let before = shop.snapshot();
    shop.users(HANDLE);
    shop.ok(&["generate"]);
    shop.users("");
    shop.ok(&["generate", "--amend", "--dry-run"])
        .says(&["Would remove migrations/0002_add_users_handle/"]);
    shop.ok(&["generate", "--amend"]).says(&["Removed migrations/0002_add_users_handle/"]);
    assert_eq!(shop.snapshot(), before);
}

/// What has left the branch is taken back by a migration of its own.
#[test]
fn a_change_of_mind_without_it_is_a_migration() {
    let shop = Shop::recorded();
    shop.users(HANDLE);
    shop.ok(&["generate"]);
    shop.users("");
    shop.ok(&["generate"]).says(&[
        "Generated 0003_abandon_users_handle",
        "if what `0003_abandon_users_handle` takes back never left this branch",
        "--amend",
    ]);
    shop.ok(&["generate"]).says(&["Unchanged"]);
}

#[test]
fn moves_of_the_lock_file_alone_survive_it() {
    let shop = Shop::recorded();
    shop.users(HANDLE);
    shop.ok(&["generate"]);
    let later = "pub handle: String,\n    pub bio: Option<String>,";
    shop.users(later);
    shop.ok(&["generate"]).says(&["Goes on users.handle", "0003_add_users_bio"]);
    shop.users(&later.replace("bio", "motto"));
    shop.ok(&["generate", "--amend"])
        .says(&["Goes on users.handle: adding → active", "Amended 0003_add_users_motto"]);
    let lock = shop.read("colmig.lock");
    assert!(
        lock.contains("\"name\":\"handle\",\"type\":{\"known\":\"text\"},\"state\":\"active\""),
        "{lock}"
    );
}

#[test]
fn the_first_migration_can_be_amended_and_even_get_another_database() {
    let shop = Shop::recorded();
    shop.write("colmig.toml", "project = \"store\"\ndatabases = [\"sqlite\"]\n");
    shop.users("pub bio: Option<String>,");
    shop.ok(&["generate", "--amend"]).says(&["Amended 0001_create_users"]);
    assert!(shop.path("migrations/0001_create_users/sqlite").is_dir());
    assert!(!shop.path("migrations/0001_create_users/postgres").exists());
    assert!(shop.read("colmig.lock").contains("\"project\": \"store\""));
}

#[test]
fn where_there_is_no_migration_there_is_nothing_to_amend() {
    let shop = Shop::new();
    shop.fails(&["generate", "--amend"], 104, &["error[CM0306]", "there is no migration yet"]);
}

#[test]
fn an_edit_of_the_newest_is_undone_by_it() {
    let shop = Shop::recorded();
    let path = "migrations/0001_create_users/sqlite/1_expand.1.users.create.up.sql";
    let generated = shop.read(path);
    shop.write(path, "CREATE TABLE users (id INTEGER);\n");
    shop.fails(&["generate"], 104, &["error[CM0304]", "--amend"]);
    shop.ok(&["generate", "--amend"]);
    assert_eq!(shop.read(path), generated);
    shop.ok(&["generate", "--check"]);
}

/// A crash between the directory and the lock file.
#[test]
fn an_interrupted_amend_is_mended_by_another() {
    let shop = Shop::recorded();
    shop.users(HANDLE);
    shop.ok(&["generate"]);
    let lock = shop.read("colmig.lock");
    shop.users(&HANDLE.replace("handle", "login"));
    shop.ok(&["generate", "--amend"]);
    shop.write("colmig.lock", &lock);
    shop.fails(
        &["generate"],
        104,
        &["records `0002_add_users_handle`, and its directory is not there"],
    );
    shop.ok(&["generate", "--amend"]);
    shop.ok(&["generate", "--check"]);
    assert_eq!(shop.migrations(), ["0001_create_users", "0002_add_users_login"]);
}
