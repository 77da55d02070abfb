//! A column from its first release to its last, and what `generate` says meanwhile.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::shop::Shop;

const ADDING: &str =
    "#[colmig(adding, backfill = \"lower(email)\")] pub handle: WriteOnly<String>,";
const ACTIVE: &str = "pub handle: String,";
const DEPRECATED: &str = "#[colmig(deprecated)] pub handle: WriteOnly<String>,";

#[test]
fn a_whole_life_is_two_migrations() {
    let shop = Shop::new();
    let ran = shop.ok(&["generate"]);
    ran.says(&[
        "   Generated 0001_create_users\n",
        "     Created migrations/0001_create_users/\n             migration.json\n",
        "             sqlite/1_expand.1.users.create.up.sql\n",
        "     Created colmig.lock\n",
        "cargo colmig apply",
    ]);
    assert!(
        shop.read("migrations/0001_create_users/sqlite/1_expand.1.users.create.up.sql")
            .contains("CREATE TABLE")
    );

    shop.users(ADDING);
    shop.ok(&["generate"])
        .says(&["0002.1 add users.handle (add required column)", "Updated colmig.lock"]);
    shop.users(ACTIVE);
    let ran = shop.ok(&["generate"]);
    ran.says(&[
        "     Goes on users.handle: adding → active\n",
        "             no migration: 0002 goes on; this release is phase 2\n",
    ]);
    assert!(!ran.err.contains("Generated"), "{}", ran.err);
    shop.users(DEPRECATED);
    shop.ok(&["generate"]).says(&["0003.1 drop users.handle (drop required column)"]);
    shop.users("");
    shop.ok(&["generate"]).says(&["deprecated → absent", "0003 goes on; this release is phase 2"]);
    assert!(shop.read("colmig.lock").contains("\"retired\""));
    shop.ok(&["generate"]).says(&["Unchanged colmig.lock records the source (1 table)"]);

    // The same name again is another property.
    shop.users(ADDING);
    shop.ok(&["generate", "--name", "handles again"]).says(&["Generated 0004_handles-again"]);
    assert!(shop.read("colmig.lock").contains("\"born\":\"0004\""));
    let names = [
        "0001_create_users",
        "0002_add_users_handle",
        "0003_drop_users_handle",
        "0004_handles-again",
    ];
    assert_eq!(shop.migrations(), names);
}

#[test]
fn an_added_table_and_two_changes_are_one_migration() {
    let shop = Shop::recorded();
    let orders = crate::shop::table("Order", "orders", "");
    shop.write(
        "src/lib.rs",
        &(crate::shop::table("User", "users", "pub bio: Option<String>,") + &orders),
    );
    shop.ok(&["generate"]).says(&[
        "0002_create_orders_and_1_more",
        "create orders",
        "add users.bio (add nullable column)",
    ]);
}

#[test]
fn check_writes_nothing_and_says_what_is_missing() {
    let shop = Shop::new();
    let before = shop.snapshot();
    let ran = shop.fails(
        &["generate", "--check"],
        4,
        &["error[CM0307]", "`0001_create_users` would be generated"],
    );
    assert!(ran.out.starts_with("--- colmig.lock\n+++ colmig.lock (generated)\n"), "{}", ran.out);
    assert_eq!(shop.snapshot(), before);
    shop.ok(&["generate"]);
    assert_eq!(shop.ok(&["generate", "--check"]).out, "");

    shop.users(ADDING);
    shop.ok(&["generate"]);
    shop.users(ACTIVE);
    let before = shop.snapshot();
    let ran = shop.fails(&["generate", "--check"], 4, &["colmig.lock would change"]);
    let moved = "+        {\"name\":\"handle\",\"type\":{\"known\":\"text\"},\"state\":\"active\",\"born\":\"0002\"}";
    assert!(ran.out.contains(moved), "{}", ran.out);
    assert_eq!(shop.snapshot(), before);
}

#[test]
fn a_dry_run_shows_the_sql_and_writes_nothing() {
    let shop = Shop::new();
    let before = shop.snapshot();
    let ran = shop.ok(&["generate", "--dry-run"]);
    ran.says(&["Would create migrations/0001_create_users/", "nothing was written"]);
    let file = "-- migrations/0001_create_users/postgres/1_expand.1.users.create.up.sql\nCREATE TABLE \"users\"";
    assert!(ran.out.contains(file) && ran.out.contains("+  \"project\": \"shop\","), "{}", ran.out);
    assert_eq!(shop.snapshot(), before);
}

#[test]
fn programs_read_objects() {
    let shop = Shop::new();
    let reasons = |out: &str| {
        let objects = out.lines().map(|line| serde_json::from_str(line).expect("an object a line"));
        objects.collect::<Vec<serde_json::Value>>()
    };
    let objects = reasons(&shop.ok(&["generate", "--message-format", "json"]).out);
    assert_eq!(objects[0]["migration"], "0001_create_users");
    assert_eq!(objects[0]["files"].as_array().map(Vec::len), Some(5));
    assert_eq!(objects[1], serde_json::json!({ "reason": "finished", "exit": 0 }));

    shop.users("pub handle: Strin,\n    pub other: Strin,");
    let ran = shop.run(&["generate", "--message-format=json"]);
    let objects = reasons(&ran.out);
    assert_eq!(ran.err, "");
    assert_eq!((objects.len(), ran.code), (3, 100));
    assert_eq!(
        (&objects[0]["code"], &objects[0]["file"]),
        (&"CM0102".into(), &"src/lib.rs".into())
    );
    assert_eq!((&objects[0]["line"], &objects[0]["column"]), (&6.into(), &13.into()));
    assert_eq!(objects[2]["exit"], 100);
}

#[test]
fn the_first_lock_file_makes_cargo_compile_the_tables_again() {
    let shop = Shop::new();
    shop.write("src/other.rs", "");
    shop.write("src/lib.rs", &(shop.read("src/lib.rs") + "mod other;\n"));
    let old = SystemTime::now() - Duration::from_secs(3600);
    let age = |path: &str| {
        let file = fs::File::options().append(true).open(shop.path(path)).expect("it is there");
        file.set_modified(old).expect("it is ours");
    };
    let touched = |path: &str| {
        let modified = fs::metadata(shop.path(path)).and_then(|file| file.modified());
        modified.expect("it is there") > old + Duration::from_secs(60)
    };
    age("src/lib.rs");
    age("src/other.rs");
    shop.ok(&["generate"]);
    assert!(touched("src/lib.rs") && !touched("src/other.rs"));

    // From now on the derive makes cargo watch it.
    shop.users(ADDING);
    age("src/lib.rs");
    shop.ok(&["generate"]);
    assert!(!touched("src/lib.rs"));
}

#[test]
fn cargo_calls_it_and_people_may_ask() {
    let shop = Shop::new();
    shop.ok(&["colmig", "generate", "--check", "--help"]);
    let help = shop.ok(&["colmig", "--help"]).out;
    assert!(help.contains("Usage: cargo colmig") && help.contains("104  conflict"), "{help}");
    assert_eq!(shop.run(&["generat"]).code, 2);
    assert_eq!(shop.run(&["generate", "--check", "--amend"]).code, 2);
    assert_eq!(shop.run(&["generate", "--quiet"]).err, "");
}

/// `| head` closes the pipe before everything is said; the files are written all the same.
#[test]
fn a_reader_that_leaves_stops_nothing() {
    let shop = Shop::new();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_cargo-colmig"))
        .args(["generate", "--message-format=json"])
        .current_dir(shop.path(""))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program was built");
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    shop.ok(&["generate", "--check"]);
}
