//! Mistakes in the source: all of them at once, each at its token, with what to write instead.

use crate::shop::{Shop, table};

/// Fields, and what is said of them.
const FIELDS: &[(&str, &[&str])] = &[
    ("pub price: Money,", &["error[CM0102]", "`Money`", "--> src/lib.rs:6:12", "type = "]),
    ("pub count: u64,", &["error[CM0102]", "use `i64`"]),
    (
        "#[colmig(addng)] pub a: String,",
        &["error[CM0101]", "`addng`", "--> src/lib.rs:6:10", "`adding`"],
    ),
    (
        "pub handle: String,",
        &["error[CM0201]", "absent to active", "--> src/lib.rs:6:5", "adding, backfill"],
    ),
    ("#[colmig(deprecated)] pub a: WriteOnly<String>,", &["error[CM0201]", "never was"]),
    ("#[colmig(adding)] pub a: WriteOnly<String>,", &["error[CM0103]", "backfill = "]),
    (
        "#[colmig(adding, backfill = \"1\")] pub a: i64,",
        &["error[CM0103]", "`pub a: WriteOnly<i64>`"],
    ),
    ("#[cfg(unix)] pub a: Option<String>,", &["error[CM0105]", "cannot depend on `cfg`"]),
    ("pub EMAIL: Option<String>,", &["error[CM0108]"]),
];

#[test]
fn every_mistake_of_a_field_is_at_its_token() {
    let shop = Shop::recorded();
    for (fields, said) in FIELDS {
        shop.users(fields);
        let before = shop.snapshot();
        shop.fails(&["generate"], 100, said);
        assert_eq!(shop.snapshot(), before, "{fields}");
    }
}

#[test]
fn what_a_project_s_database_cannot_hold_is_found_before_the_first_migration() {
    let shop = Shop::new();
    shop.users("pub price: Decimal,");
    shop.fails(
        &["generate"],
        100,
        &["error[CM0102]", "SQLite has no decimals", "--> src/lib.rs:6:12"],
    );
}

#[test]
fn all_files_are_read_before_anything_is_said() {
    let shop = Shop::new();
    shop.write("src/lib.rs", "mod b;\nmod a;\nmod missing;\n");
    shop.write("src/a.rs", "struct {\n");
    shop.write("src/b.rs", &table("User", "users", "pub x: Strin,\n    pub y: u128,"));
    let ran = shop.fails(
        &["generate"],
        100,
        &[
            "--> src/a.rs:1:8",
            "--> src/b.rs:6:8",
            "--> src/b.rs:7:12",
            "--> src/lib.rs:3:5",
            "create src/missing.rs or src/missing/mod.rs",
        ],
    );
    let places: Vec<_> = ran.err.lines().filter(|line| line.contains("--> ")).collect();
    assert_eq!(places.len(), 4, "{}", ran.err);
    assert!(places.is_sorted(), "{places:?}");
    assert!(ran.err.contains("error[CM0106]: this is not Rust"), "{}", ran.err);
}

#[test]
fn one_table_in_two_structs_names_both_places() {
    let shop = Shop::new();
    shop.write("src/lib.rs", &format!("mod other;\n{}", table("User", "users", "")));
    shop.write("src/other.rs", &table("Person", "users", ""));
    shop.fails(
        &["generate"],
        100,
        &["error[CM0108]", "src/other.rs:3:12", "`User` is at src/lib.rs:4:12"],
    );
}

#[test]
fn a_struct_that_disappears_is_a_mistake() {
    let shop = Shop::recorded();
    shop.write("src/lib.rs", "");
    shop.fails(&["generate"], 100, &["error[CM0203]: no struct stands for `users` any more"]);
}

#[test]
fn a_byte_order_mark_and_tabs_do_not_move_the_place() {
    let shop = Shop::new();
    let text = format!("\u{feff}{}", table("User", "users", "\tpub naïve: Strin,"));
    shop.write("src/lib.rs", &text.replace('\n', "\r\n"));
    let ran = shop.fails(&["generate"], 100, &["--> src/lib.rs:6:13"]);
    assert!(ran.err.contains("^^^^^"), "{}", ran.err);
}

#[test]
fn a_changed_type_and_a_changed_key_are_refused() {
    let shop = Shop::recorded();
    let text = shop.read("src/lib.rs");
    shop.write("src/lib.rs", &text.replace("email: String", "email: i64"));
    shop.fails(&["generate"], 100, &["error[CM0202]"]);
    let text = text
        .replace("primary_key, auto", "auto")
        .replace("pub email", "#[colmig(primary_key)] pub email");
    shop.write("src/lib.rs", &text.replace("#[colmig(auto)]", ""));
    shop.fails(&["generate"], 100, &["error[CM0204]"]);
}
