//! Workspaces: one project over several packages, or a project each.

use crate::shop::{CONFIG, Shop, table};

fn workspace() -> Shop {
    let shop = Shop::empty();
    shop.write("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\", \"c\"]\nresolver = \"3\"\n");
    for (name, upper) in [("a", "A"), ("b", "B")] {
        shop.package(name, name);
        shop.write(&format!("{name}/src/lib.rs"), &table(upper, name, ""));
    }
    shop.package("c", "c");
    shop
}

#[test]
fn a_configuration_at_the_root_is_for_all_members_with_tables() {
    let shop = workspace();
    shop.write("colmig.toml", CONFIG);
    let ran = shop.run_in("a/src", &["generate"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(shop.read("colmig.lock").contains("\"packages\": [\"a\",\"b\"]"));
    assert!(shop.path("migrations/0001_create_a_and_1_more").is_dir());
    for (dir, arguments) in [
        ("", &["generate", "--check"][..]),
        ("b", &["generate", "--check"]),
        ("", &["generate", "--check", "-p", "c"]),
        ("c/src", &["generate", "--check", "--manifest-path", "../../a/Cargo.toml"]),
        (
            "..",
            &[
                "generate",
                "--check",
                "--manifest-path",
                shop.path("Cargo.toml").to_str().expect("plain"),
            ],
        ),
    ] {
        let ran = shop.run_in(dir, arguments);
        assert_eq!(ran.code, 0, "{ran:#?}");
    }
}

#[test]
fn one_can_name_its_packages() {
    let shop = workspace();
    shop.write("colmig.toml", &format!("{CONFIG}packages = [\"b\"]\n"));
    shop.ok(&["generate"]);
    assert!(shop.read("colmig.lock").contains("\"packages\": [\"b\"]"));
    assert!(shop.path("migrations/0001_create_b").is_dir());
    // A package that is named later is news to its derive.
    shop.write("colmig.toml", &format!("{CONFIG}packages = [\"b\", \"a\"]\n"));
    shop.ok(&["generate"]).says(&["0002_create_a"]);
    shop.write("colmig.toml", &format!("{CONFIG}packages = [\"b\", \"z\"]\n"));
    shop.fails(&["generate"], 96, &["`packages` names `z`", "there are a, b, c"]);
}

#[test]
fn a_member_can_be_a_project_of_its_own() {
    let shop = workspace();
    shop.write("a/colmig.toml", "project = \"a\"\ndatabases = [\"sqlite\"]\n");
    // It is the only one, so there is no question which is meant.
    shop.ok(&["generate"]);
    assert!(shop.read("a/colmig.lock").contains("\"packages\": [\"a\"]"));
    shop.fails(&["generate", "-p", "b"], 3, &["cargo colmig init"]);

    shop.write("b/colmig.toml", "project = \"b\"\ndatabases = [\"sqlite\"]\n");
    shop.fails(&["generate"], 2, &["`-p a`, `-p b`"]);
    shop.ok(&["generate", "-p", "b"]).says(&["Created b/colmig.lock"]);
    shop.ok(&["generate", "--check", "--config", "a/colmig.toml"]);

    // The root's own project is what remains.
    shop.write("colmig.toml", CONFIG);
    shop.write("c/src/lib.rs", &table("C", "c", ""));
    shop.ok(&["generate"]);
    assert!(shop.read("colmig.lock").contains("\"packages\": [\"c\"]"));
}

#[test]
fn init_writes_beside_the_package_that_is_meant() {
    let shop = workspace();
    shop.ok(&["init", "-p", "a", "--database", "sqlite"]).says(&["Created a/colmig.toml"]);
    assert!(shop.read("a/colmig.toml").contains("project = \"a\""));
    let ran = shop.run_in("b/src", &["init", "--database", "sqlite"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(shop.path("b/colmig.toml").exists());
    shop.ok(&["init", "--project", "all", "--database", "sqlite"]).says(&["Created colmig.toml"]);
    shop.fails(&["generate", "-p", "d"], 2, &["this workspace has no package `d`", "a, b, c"]);
}

#[test]
fn one_table_in_two_packages_is_a_mistake() {
    let shop = workspace();
    shop.write("colmig.toml", CONFIG);
    shop.write("b/src/lib.rs", &table("B", "a", ""));
    shop.fails(&["generate"], 100, &["`A` is at a/src/lib.rs:3:12", "b/src/lib.rs:3:12"]);
}
