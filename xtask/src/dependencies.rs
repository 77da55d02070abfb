//! `cargo xtask dependencies`: what an application compiles more than with sqlx alone.

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::{Result, ensure};
use fs_err as fs;

use crate::{
    cargo::{cargo, workspace_root},
    process::{output, say},
};

/// What an application may gain, beside what it asks for by a feature.
const ALLOWED: &[&str] = &["colmig", "colmig-core", "colmig-macros", "inventory"];

/// What reads tokens; it runs in the compiler, never in the application.
const PARSERS: &[&str] = &["syn", "quote", "proc-macro2"];

/// The features of sqlx that the compared applications have, their databases aside. `derive` brings
/// less than `macros`, so the first row is the stricter one.
const SQLX: &[&str] = &["derive", "macros"];

const DATABASES: &[&str] = &["postgres", "sqlite"];

/// Print which crates colmig adds to an application that has sqlx
///
/// Two applications that differ in colmig only are resolved, not built. It fails if one compiles a crate
/// more (or another version of one) that is neither ours nor `inventory`, or if a parser of Rust is
/// linked into the application.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(Args {}: &Args) -> Result<ExitCode> {
    let mut forbidden = Vec::new();
    for features in SQLX {
        let Compared { crates, gained } = compare(features)?;
        println!("sqlx with {features}, {}: {crates} crates", DATABASES.join(", "));
        for krate in &gained {
            let verdict = if is_allowed(krate) { "" } else { "  NOT ALLOWED" };
            println!("  + {krate}{verdict}");
        }
        forbidden.extend(gained.into_iter().filter(|krate| !is_allowed(krate)));
    }
    let parsers = linked_parsers()?;
    println!("linked into the application to read Rust: {}", parsers.len());
    println!("dependencies: {} not allowed", forbidden.len() + parsers.len());
    ensure!(forbidden.is_empty(), "put it behind a feature, or do without: {forbidden:?}");
    ensure!(parsers.is_empty(), "only `colmig-macros` may name a parser: {parsers:?}");
    Ok(ExitCode::SUCCESS)
}

/// An application with sqlx, and what it gains by colmig.
struct Compared {
    crates: usize,
    gained: Vec<String>,
}

fn compare(sqlx_feature: &str) -> Result<Compared> {
    let folder = tempfile::tempdir()?;
    let root = workspace_root()?;
    fs::create_dir(folder.path().join("src"))?;
    fs::write(folder.path().join("src/lib.rs"), "")?;
    fs::write(folder.path().join("Cargo.toml"), manifest(&root, sqlx_feature))?;
    // The versions that we build with; sqlx may ask for more of them than we do.
    fs::copy(root.join("Cargo.lock"), folder.path().join("Cargo.lock"))?;
    let without = tree(folder.path(), &[])?;
    let with = tree(folder.path(), &["--features", "colmig"])?;
    Ok(Compared { crates: without.len(), gained: gained(&with, &without) })
}

fn manifest(root: &Path, sqlx_feature: &str) -> String {
    let runtime = root.join("runtime");
    format!(
        r#"[package]
name = "application"
version = "0.0.0"
edition = "2024"

[dependencies]
colmig = {{ path = {runtime:?}, features = {DATABASES:?}, optional = true }}

[dependencies.sqlx]
version = "*"
default-features = false
features = ["runtime-tokio", "{sqlx_feature}", "{databases}"]

[workspace]
"#,
        databases = DATABASES.join("\", \""),
    )
}

/// The parsers among the crates that end up in an application.
fn linked_parsers() -> Result<Vec<String>> {
    let features = DATABASES.join(",");
    let arguments = ["--package", "colmig", "--features", &features, "--edges", "no-proc-macro"];
    let linked = tree(&workspace_root()?, &arguments)?;
    ensure!(linked.iter().any(|krate| name(krate) == "colmig-core"), "the tree is not ours");
    Ok(linked.into_iter().filter(|krate| PARSERS.contains(&name(krate))).collect())
}

/// The crates that are compiled: names with versions. What cargo knows already is enough, most often.
fn tree(folder: &Path, arguments: &[&str]) -> Result<BTreeSet<String>> {
    let ask = |online: &[&str]| {
        let mut tree = tree_command();
        output(tree.args(online).args(arguments).current_dir(folder))
    };
    let printed = ask(&["--offline"]).or_else(|_| {
        say("Asking", "the registry, for what sqlx might need");
        ask(&[])
    })?;
    Ok(crates(&printed))
}

fn tree_command() -> Command {
    let mut command = cargo();
    command.args(["tree", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    command
}

fn crates(tree: &str) -> BTreeSet<String> {
    let words = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    tree.lines().map(words).filter(|krate| name(krate) != "application").collect()
}

fn gained(with: &BTreeSet<String>, without: &BTreeSet<String>) -> Vec<String> {
    with.difference(without).cloned().collect()
}

fn is_allowed(krate: &str) -> bool {
    ALLOWED.contains(&name(krate))
}

fn name(krate: &str) -> &str {
    krate.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With `macros`, the registry may be asked for crates that are never built; the stricter comparison
    /// needs no network.
    #[test]
    fn an_application_compiles_nothing_new_but_us_and_inventory() {
        let Compared { gained, .. } = compare(SQLX[0]).expect("cargo resolves it");
        let names: Vec<_> = gained.iter().map(|krate| name(krate)).collect();
        assert_eq!(names, ALLOWED);
    }

    #[test]
    fn the_library_itself_links_no_parser() {
        assert_eq!(linked_parsers().expect("cargo resolves it"), [""; 0]);
    }

    #[test]
    fn a_crate_more_or_another_version_is_noticed() {
        let without = crates("application v0.0.0 (/x)\nserde v1.0.0\nsyn v2.0.0 (*)\n");
        let with = crates(
            "application v0.0.0 (/x)\nserde v1.0.0\nsyn v2.0.0\nsyn v3.0.0\nrand v0.9.0 (*)\n",
        );
        let gained = gained(&with, &without);
        assert_eq!(gained, ["rand v0.9.0", "syn v3.0.0"]);
        assert!(!gained.iter().any(|krate| is_allowed(krate)) && is_allowed("colmig v0.1.0"));
    }
}
