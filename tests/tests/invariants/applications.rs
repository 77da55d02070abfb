//! What an application compiles more than with sqlx alone: our crates and one other.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use colmig_tests::program::root;
use fs_err as fs;

/// What is gained.
const GAINED: &[&str] = &["colmig", "colmig-core", "colmig-macros", "inventory"];

/// An application that has sqlx with its derives, and may have colmig. (With `macros`, sqlx would bring
/// more; it is left out because our own lock file does not have all of that.)
fn manifest() -> String {
    format!(
        r#"
[package]
name = "application"
version = "0.0.0"
edition = "2024"

[dependencies]
colmig = {{ path = {:?}, features = ["postgres", "sqlite"], optional = true }}
sqlx = {{ version = "*", default-features = false, features = ["runtime-tokio", "derive", "postgres", "sqlite"] }}

[workspace]
"#,
        root().join("runtime")
    )
}

/// The packages that are compiled: names with versions.
fn tree(folder: &Path, arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    packages(&String::from_utf8_lossy(&output.stdout))
}

fn packages(tree: &str) -> BTreeSet<String> {
    let words = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    tree.lines().map(words).filter(|package| !package.starts_with("application ")).collect()
}

fn gained(with: &BTreeSet<String>, without: &BTreeSet<String>) -> Vec<String> {
    with.difference(without)
        .map(|package| package.split(' ').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn an_application_compiles_nothing_new_but_us_and_inventory() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    fs::create_dir(folder.path().join("src")).expect("a folder");
    fs::write(folder.path().join("src/lib.rs"), "").expect("a source");
    fs::write(folder.path().join("Cargo.toml"), manifest()).expect("a manifest");
    fs::copy(root().join("Cargo.lock"), folder.path().join("Cargo.lock")).expect("a lock file");
    let without = tree(folder.path(), &[]);
    let with = tree(folder.path(), &["--features", "colmig"]);
    assert_eq!(gained(&with, &without), GAINED);
}

/// syn and what else reads tokens runs in the compiler, not in the application.
#[test]
fn the_library_itself_links_no_parser() {
    let arguments =
        ["--package", "colmig", "--features", "postgres,sqlite", "--edges", "no-proc-macro"];
    let linked = tree(root(), &arguments);
    assert!(linked.iter().any(|package| package.starts_with("colmig-core ")), "{linked:?}");
    let parsers: Vec<_> = linked.iter().filter(|package| package.starts_with("syn ")).collect();
    assert!(parsers.is_empty(), "{parsers:?}");
}

#[test]
fn a_crate_more_or_another_version_is_noticed() {
    let without = packages("application v0.0.0 (/x)\nserde v1.0.0\nsyn v2.0.0 (*)\n");
    let with = packages(
        "application v0.0.0 (/x)\nserde v1.0.0\nsyn v2.0.0\nsyn v3.0.0\nrand v0.9.0 (*)\n",
    );
    assert_eq!(gained(&with, &without), ["rand", "syn"]);
}
