//! Which files are read: those that rustc would read for the library and the programs.

use crate::shop::{Shop, table};

/// The tables that were recorded, in order.
fn tables(shop: &Shop) -> Vec<String> {
    let lock: serde_json::Value =
        serde_json::from_str(&shop.read("colmig.lock")).expect("it is JSON");
    let tables = lock["tables"].as_array().expect("it has tables");
    tables.iter().map(|table| table["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn modules_are_followed_as_rustc_does() {
    let shop = Shop::new();
    shop.write("src/lib.rs", "mod a; mod b; mod inline { mod c; #[path = \"odd.rs\"] mod d; #[path = \"away\"] mod deeper { mod e; } }\n#[path = \"../shared/f.rs\"] mod f; mod r#type;");
    for (path, name, more) in [
        ("src/a.rs", "A", "mod under;"),
        ("src/a/under.rs", "AUnder", "#[path = \"sibling.rs\"] mod s;"),
        ("src/a/sibling.rs", "ASibling", ""),
        ("src/b/mod.rs", "B", "mod under;"),
        ("src/b/under.rs", "BUnder", ""),
        ("src/inline/c.rs", "C", ""),
        ("src/inline/odd.rs", "D", ""),
        ("src/inline/away/e.rs", "E", ""),
        ("shared/f.rs", "F", "mod beside;"),
        ("shared/beside.rs", "FBeside", ""),
        ("src/type.rs", "Type", ""),
        ("src/not_a_module.rs", "Nobody", ""),
    ] {
        shop.write(path, &(table(name, &name.to_lowercase(), "") + more));
    }
    shop.ok(&["generate"]);
    let expected =
        ["a", "asibling", "aunder", "b", "bunder", "c", "d", "e", "f", "fbeside", "type"];
    assert_eq!(tables(&shop), expected);
}

#[test]
fn programs_count_and_tests_examples_and_benches_do_not() {
    let shop = Shop::new();
    shop.write("src/main.rs", &(table("M", "in_main", "") + "mod shared; mod user;"));
    shop.write("src/bin/tool.rs", &table("T", "in_tool", ""));
    shop.write("src/lib.rs", "mod shared; #[cfg(test)] mod tests;");
    // The library and a program both declare it, and it is one file.
    shop.write("src/shared.rs", &table("S", "shared", ""));
    shop.write("src/user.rs", &table("U", "in_user", ""));
    for path in ["tests/it.rs", "examples/it.rs", "benches/it.rs", "build.rs", "src/tests.rs"] {
        shop.write(path, &table("N", "nowhere", ""));
    }
    shop.ok(&["generate"]);
    assert_eq!(tables(&shop), ["in_main", "in_tool", "in_user", "shared"]);
}

#[test]
fn a_conditional_module_may_be_missing_and_may_hold_no_table() {
    let shop = Shop::new();
    shop.write("src/lib.rs", "#[cfg(windows)] mod missing; #[cfg(unix)] mod os;\nmod plain;\n");
    shop.write("src/os.rs", "fn f() {}\n");
    shop.write("src/plain.rs", &table("P", "plain", ""));
    shop.ok(&["generate"]);
    assert_eq!(tables(&shop), ["plain"]);
    shop.write("src/os.rs", "mod inner;\n");
    shop.write("src/os/inner.rs", &table("O", "os", ""));
    shop.fails(&["generate"], 100, &["error[CM0105]", "`os`", "--> src/os/inner.rs:3:12"]);
}

/// A module that one root declares always and another sometimes is always there.
#[test]
fn a_file_counts_if_anybody_always_declares_it() {
    let shop = Shop::new();
    shop.write("src/lib.rs", "#[cfg(unix)] mod shared;\n");
    shop.write("src/main.rs", "mod shared;\n");
    shop.write("src/shared.rs", &table("S", "shared", ""));
    shop.ok(&["generate"]);
    assert_eq!(tables(&shop), ["shared"]);
}

#[test]
fn a_module_with_two_files_or_a_circle_is_no_trap() {
    let shop = Shop::new();
    shop.write("src/lib.rs", "mod a;\n");
    shop.write("src/a.rs", &(table("A", "a", "") + "#[path = \"a.rs\"] mod again;"));
    shop.ok(&["generate"]);
    shop.write("src/a/mod.rs", "");
    shop.fails(&["generate"], 100, &["the module `a` has two files", "--> src/lib.rs:1:5"]);
}
