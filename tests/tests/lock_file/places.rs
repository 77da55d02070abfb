//! Where a lock file lies, and for whom.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use colmig_tests::checked::Folder;

use fs_err as fs;

use super::{ILLEGAL, LEGAL, folder, lock, on_colmig, write_package};

/// Packages and lock files in folders, and who heeds one.
struct Case {
    what: &'static str,
    /// Folder and name; the first is the workspace's, where `cargo check` is run.
    packages: &'static [(&'static str, &'static str)],
    /// Where a manifest says `[workspace]`, with what else stands in it.
    workspaces: &'static [(&'static str, &'static str)],
    /// Dependencies of the first package.
    dependencies: &'static str,
    /// Lock files: the folder, the packages that it names, the columns that it knows.
    locks: &'static [(&'static str, &'static [&'static str], &'static [&'static str])],
    /// Cargo's configuration.
    config: &'static str,
    /// The packages that heed a lock file which makes them an error.
    heeded: &'static [&'static str],
}

const NOTHING: Case = Case {
    what: "",
    packages: &[],
    workspaces: &[],
    dependencies: "",
    locks: &[],
    config: "",
    heeded: &[],
};

const CASES: &[Case] = &[
    Case {
        what: "a package without a lock file",
        packages: &[("shop", "free-shop")],
        workspaces: &[("shop", "")],
        ..NOTHING
    },
    Case {
        what: "a package with its own",
        packages: &[("shop", "own-shop")],
        workspaces: &[("shop", "")],
        locks: &[("shop", &["own-shop"], ILLEGAL)],
        heeded: &["own-shop"],
        ..NOTHING
    },
    Case {
        what: "members below the workspace's; it names one of them",
        packages: &[
            ("app", "root-shop"),
            ("app/crates/web", "root-web"),
            ("app/crates/tools", "root-tools"),
        ],
        workspaces: &[("app", "members = ['crates/*']")],
        locks: &[("app", &["root-web"], ILLEGAL)],
        heeded: &["root-web"],
        ..NOTHING
    },
    Case {
        what: "the nearest decides, though another one above names the package",
        packages: &[("app", "near-shop"), ("app/web", "near-web"), ("app/jobs", "near-jobs")],
        workspaces: &[("app", "members = ['web', 'jobs']")],
        locks: &[
            ("app", &["near-web", "near-jobs"], ILLEGAL),
            ("app/web", &["near-web"], LEGAL),
            ("app/jobs", &["somebody"], ILLEGAL),
        ],
        ..NOTHING
    },
    Case {
        what: "a nested workspace ends the walk",
        packages: &[("app/inner", "nested-inner")],
        workspaces: &[("app", ""), ("app/inner", "")],
        locks: &[("app", &["nested-inner"], ILLEGAL)],
        ..NOTHING
    },
    Case {
        what: "so does a nested workspace around the package",
        packages: &[("app/inner", "around-inner"), ("app/inner/web", "around-web")],
        workspaces: &[("app", ""), ("app/inner", "members = ['web']")],
        locks: &[("app", &["around-web"], ILLEGAL)],
        ..NOTHING
    },
    Case {
        what: "a path dependency outside of the workspace has its own",
        packages: &[("shop", "out-shop"), ("library", "out-library")],
        workspaces: &[("shop", "")],
        dependencies: "out-library = { path = '../library' }",
        locks: &[("shop", &["out-shop"], LEGAL), ("library", &["out-library"], ILLEGAL)],
        heeded: &["out-library"],
        ..NOTHING
    },
    Case {
        what: "a path dependency inside of the package's folder is not named",
        packages: &[("app", "in-shop"), ("app/library", "in-library")],
        workspaces: &[("app", "")],
        dependencies: "in-library = { path = 'library' }",
        locks: &[("app", &["in-shop"], ILLEGAL)],
        heeded: &["in-shop"],
        ..NOTHING
    },
    Case {
        what: "a vendored crate lies below the application's, which does not name it",
        packages: &[("app", "vendoring-shop"), ("app/vendor/vendored-users", "vendored-users")],
        workspaces: &[("app", "")],
        dependencies: "vendored-users = { version = '1', registry = 'private' }",
        locks: &[("app", &["vendoring-shop"], LEGAL)],
        config: "vendor",
        ..NOTHING
    },
    Case {
        what: "a vendored crate that the application's would shut out, if it were asked",
        packages: &[("app", "strict-shop"), ("app/vendor/strict-users", "strict-users")],
        workspaces: &[("app", "")],
        dependencies: "strict-users = { version = '1', registry = 'private' }",
        locks: &[("app", &["strict-shop"], ILLEGAL)],
        config: "vendor",
        heeded: &["strict-shop"],
    },
    Case {
        what: "a crate from a registry was published with its own",
        packages: &[
            ("shop", "buying-shop"),
            ("home/registry/src/private-0/bought-users-1.0.0", "bought-users"),
        ],
        workspaces: &[("shop", "")],
        dependencies: "bought-users = { version = '1', registry = 'private' }",
        locks: &[
            ("shop", &["buying-shop"], LEGAL),
            ("home/registry/src/private-0/bought-users-1.0.0", &["bought-users"], ILLEGAL),
        ],
        config: "../home/registry/src/private-0",
        heeded: &["bought-users"],
    },
    Case {
        what: "a crate from a registry was published without one",
        packages: &[
            ("shop", "plain-shop"),
            ("home/registry/src/private-0/plain-users-1.0.0", "plain-users"),
        ],
        workspaces: &[("shop", "")],
        dependencies: "plain-users = { version = '1', registry = 'private' }",
        locks: &[("shop", &["plain-shop", "plain-users"], LEGAL)],
        config: "../home/registry/src/private-0",
        ..NOTHING
    },
];

#[test]
fn each_package_heeds_its_own_lock_file_and_no_other() -> Result<()> {
    let mut wrong = Vec::new();
    for (number, case) in CASES.iter().enumerate() {
        let found = heeded(number, case).context(case.what)?;
        let expected: BTreeSet<_> = case.heeded.iter().map(|name| name.replace('-', "_")).collect();
        if found != expected {
            wrong.push(format!("{}: {found:?}, not {expected:?}", case.what));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Ok(())
}

/// The crates with errors; each must be the one that the lock file makes.
fn heeded(number: usize, case: &Case) -> Result<BTreeSet<String>> {
    let folder = folder(&format!("place-{number}"))?;
    let start = write(&folder, case)?;
    let checked = folder.check(start, &["--workspace"])?;
    ensure!(checked.passed == case.heeded.is_empty(), "{checked:#?}");
    for error in checked.errors() {
        let words = ["`handle` cannot go from absent to active at once", "[CM0201]"];
        ensure!(words.iter().all(|word| error.message.contains(word)), "{error:#?}");
    }
    Ok(checked.errors().map(|error| error.krate.clone()).collect())
}

/// Writes the case; where its workspace is.
fn write(folder: &Folder, case: &Case) -> Result<&'static str> {
    let (start, _) = case.packages[0];
    for (place, _) in case.workspaces.iter().filter(|(place, _)| *place != start) {
        folder.write(&format!("{place}/Cargo.toml"), "[workspace]\n")?;
    }
    for (place, name) in case.packages {
        write_package(folder, place, name, &more(case, place))?;
        if *place != start && !case.config.is_empty() {
            publish(folder, place)?;
        }
    }
    for (place, packages, columns) in case.locks {
        folder.write(&format!("{place}/colmig.lock"), &lock(packages, columns))?;
    }
    if !case.config.is_empty() {
        folder.write(&format!("{start}/.cargo/config.toml"), &config(case.config))?;
    }
    Ok(start)
}

/// Makes it a package of a registry: those name no paths, so the application says where colmig is.
fn publish(folder: &Folder, place: &str) -> Result<()> {
    let manifest = format!("{place}/Cargo.toml");
    let text = fs::read_to_string(folder.path().join(&manifest))?;
    folder.write(&manifest, &text.replace(&on_colmig(), "colmig = '0.1'"))?;
    folder.write(&format!("{place}/.cargo-checksum.json"), r#"{"files":{}}"#)
}

/// What a package's manifest says behind its dependency on colmig.
fn more(case: &Case, place: &str) -> String {
    let is_first = case.packages[0].0 == place;
    let dependencies = if is_first { case.dependencies } else { "" };
    let workspace = case.workspaces.iter().find(|(workspace, _)| *workspace == place);
    let workspace = workspace.map(|(_, more)| format!("[workspace]\n{more}\n"));
    let patch = format!("[patch.crates-io]\n{}\n", on_colmig());
    let patch = if is_first && !case.config.is_empty() { patch } else { String::new() };
    format!("{dependencies}\n{}{patch}", workspace.unwrap_or_default())
}

/// A registry that nobody reaches: a folder of unpacked crates stands in for it, as `cargo vendor` arranges it.
fn config(directory: &str) -> String {
    const INDEX: &str = "sparse+https://registry.invalid/";
    format!(
        "[registries.private]\nindex = '{INDEX}'\n\n[source.private]\nregistry = '{INDEX}'\nreplace-with = 'unpacked'\n\n[source.unpacked]\ndirectory = '{directory}'\n"
    )
}
