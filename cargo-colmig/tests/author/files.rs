//! colmig.lock and migrations/: edited, broken, lost, from the future, or not writable.

use std::fs;

use crate::shop::Shop;

const BIO: &str = "pub bio: Option<String>,";
const UP: &str = "migrations/0001_create_users/sqlite/1_expand.1.users.create.up.sql";

/// Fails, names the place, and leaves everything as it was.
fn refuses(shop: &Shop, code: i32, said: &[&str]) {
    let before = shop.snapshot();
    for arguments in [&["generate"][..], &["generate", "--check"]] {
        shop.fails(arguments, code, said);
    }
    assert_eq!(shop.snapshot(), before);
}

#[test]
fn an_edited_migration_is_named() {
    let shop = Shop::recorded();
    shop.users(BIO);
    shop.ok(&["generate"]);
    shop.write(UP, "DROP TABLE users;\n");
    refuses(
        &shop,
        104,
        &[
            "error[CM0304]: `0001_create_users`",
            "--> migrations/0001_create_users\n",
            "version control",
        ],
    );
    shop.fails(&["generate", "--amend"], 104, &["error[CM0304]: `0001_create_users`"]);
}

#[test]
fn line_ends_are_no_edit() {
    let shop = Shop::recorded();
    for path in [UP, "migrations/0001_create_users/migration.json", "colmig.lock"] {
        shop.write(path, &shop.read(path).replace('\n', "\r\n"));
    }
    shop.ok(&["generate", "--check"]);
}

#[test]
fn a_lost_directory_is_named() {
    let shop = Shop::recorded();
    fs::remove_dir_all(shop.path("migrations/0001_create_users")).expect("it is there");
    refuses(
        &shop,
        104,
        &[
            "error[CM0305]: colmig.lock records `0001_create_users`",
            "--> migrations/0001_create_users\n",
        ],
    );
    shop.fails(&["generate", "--amend"], 104, &["error[CM0305]"]);
    fs::create_dir(shop.path("migrations/.0001_create_users.old")).expect("there is room");
    refuses(&shop, 104, &["rename it back"]);
}

#[test]
fn a_lost_lock_file_is_one_mistake() {
    let shop = Shop::recorded();
    shop.users(BIO);
    shop.ok(&["generate"]);
    fs::remove_file(shop.path("colmig.lock")).expect("it is there");
    refuses(&shop, 104, &["error[CM0305]: 2 migrations are there, and no colmig.lock"]);
}

#[test]
fn a_manifest_that_is_broken_or_newer_is_named() {
    let shop = Shop::recorded();
    let path = "migrations/0001_create_users/migration.json";
    let text = shop.read(path);
    shop.write(path, &text.replacen("\"format\": 1", "\"format\": 9", 1));
    refuses(&shop, 96, &["error[CM0302]", &format!("--> {path}\n")]);
    shop.write(path, "{\n  oops");
    refuses(&shop, 96, &["error[CM0303]", &format!("--> {path}:2:3\n")]);
}

#[test]
fn a_lock_file_that_is_broken_or_newer_is_named() {
    let shop = Shop::recorded();
    let text = shop.read("colmig.lock");
    shop.write("colmig.lock", &text.replace("  \"project\"", "<<<<<<< HEAD\n  \"project\""));
    refuses(
        &shop,
        96,
        &["error[CM0301]", "--> colmig.lock:4:1\n", "4 | <<<<<<< HEAD", "after a merge"],
    );
    shop.write("colmig.lock", &text.replace("\"format\": 1", "\"format\": 2"));
    refuses(&shop, 96, &["error[CM0302]: colmig.lock has format 2", "--> colmig.lock\n"]);
}

/// Two branches each made a migration, and the merge kept both directories.
#[test]
fn a_fork_names_both() {
    let shop = Shop::recorded();
    let lock = shop.read("colmig.lock");
    shop.users(BIO);
    shop.ok(&["generate"]);
    shop.write("colmig.lock", &lock);
    fs::rename(shop.path("migrations/0002_add_users_bio"), shop.path("aside"))
        .expect("it is there");
    shop.users("pub motto: Option<String>,");
    shop.ok(&["generate"]);
    fs::rename(shop.path("aside"), shop.path("migrations/0002_add_users_bio"))
        .expect("it is there");
    refuses(
        &shop,
        104,
        &[
            "error[CM0305]",
            "`0002_add_users_bio` and `0002_add_users_motto` both follow",
            "--> migrations\n",
        ],
    );
}

/// A crash between the directory and the lock file.
#[test]
fn a_directory_that_an_interrupted_run_left_is_taken_if_it_is_right() {
    let shop = Shop::recorded();
    let lock = shop.read("colmig.lock");
    shop.users(BIO);
    shop.ok(&["generate"]);
    let whole = shop.snapshot();
    shop.write("colmig.lock", &lock);
    shop.fails(&["generate", "--check"], 4, &[]);
    shop.ok(&["generate"]).says(&["Recorded 0002_add_users_bio", "Updated colmig.lock"]);
    assert_eq!(shop.snapshot(), whole);

    // The source went on since.
    shop.write("colmig.lock", &lock);
    shop.users("pub motto: Option<String>,");
    refuses(
        &shop,
        104,
        &[
            "error[CM0305]: `0002_add_users_bio` is there, and colmig.lock does not record it",
            "--amend",
        ],
    );
    shop.ok(&["generate", "--amend"]);
    assert_eq!(shop.migrations(), ["0001_create_users", "0002_add_users_motto"]);
}

#[test]
fn what_is_not_ours_in_migrations_is_left_alone() {
    let shop = Shop::recorded();
    shop.write("migrations/20240101_init.sql", "CREATE TABLE other (id INTEGER);\n");
    shop.write("migrations/20240102_more.up.sql", "not even SQL");
    shop.write("migrations/notes/readme.md", "no migration.json here");
    shop.write("migrations/.git/migration.json", "hidden");
    shop.write("migrations/0001_create_users/.DS_Store", "hidden");
    shop.ok(&["generate", "--check"]);
    shop.users(BIO);
    shop.ok(&["generate"]);
    assert!(shop.path("migrations/.git/migration.json").exists());
}

/// The tests may run as root, whom permissions do not stop: a file in the place of a directory does.
#[test]
fn what_cannot_be_written_is_named_and_nothing_is_half_written() {
    let shop = Shop::new();
    shop.write("migrations", "a file");
    let before = shop.snapshot();
    shop.fails(&["generate"], 96, &["migrations"]);
    assert_eq!(shop.snapshot(), before);

    let shop = Shop::recorded();
    shop.users(BIO);
    shop.write("migrations/0002_add_users_bio/notes.txt", "somebody's");
    let before = shop.snapshot();
    shop.fails(&["generate"], 96, &["error[CM0308]", "--> migrations/0002_add_users_bio\n"]);
    assert_eq!(shop.snapshot(), before);

    let shop = Shop::recorded();
    shop.users(BIO);
    let lock = shop.path("colmig.lock");
    let mut permissions = fs::metadata(&lock).expect("it is there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&lock, permissions).expect("it is ours");
    let before = shop.snapshot();
    shop.fails(&["generate"], 96, &["error[CM0308]: the file is read-only", "--> colmig.lock\n"]);
    assert_eq!(shop.snapshot(), before);
}

#[test]
fn a_lock_file_in_a_directory_s_place_is_named() {
    let shop = Shop::new();
    fs::create_dir(shop.path("colmig.lock")).expect("there is room");
    refuses(&shop, 96, &["error[CM0301]", "--> colmig.lock\n"]);
}

#[test]
fn once_there_are_migrations_the_project_keeps_its_name_and_its_databases() {
    let shop = Shop::recorded();
    shop.write("colmig.toml", "project = \"store\"\ndatabases = [\"postgres\", \"sqlite\"]\n");
    refuses(&shop, 96, &["error[CM0402]", "write `project = \"shop\"`", "--> colmig.toml\n"]);

    let shop = Shop::new();
    shop.write("colmig.toml", "project = \"shop\"\ndatabases = [\"sqlite\"]\n");
    shop.ok(&["generate"]);
    shop.write("colmig.toml", "project = \"shop\"\ndatabases = [\"sqlite\", \"postgres\"]\n");
    refuses(&shop, 96, &["error[CM0402]", "`databases` names postgres"]);
}
