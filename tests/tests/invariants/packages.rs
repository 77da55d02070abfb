//! Which package may name which. A new package is a new row.

use cargo_metadata::{MetadataCommand, Package};
use colmig_tests::program::root;

/// The packages of this workspace, with those that each may depend on: dependencies point one way.
const PACKAGES: &[(&str, &[&str])] = &[
    ("colmig-core", &[]),
    ("colmig-macros", &["colmig-core"]),
    ("colmig", &["colmig-core", "colmig-macros"]),
    ("cargo-colmig", &["colmig-core", "colmig"]),
    ("colmig-model", &["colmig-core"]),
    ("colmig-tests", &["colmig-core", "colmig-macros", "colmig", "cargo-colmig"]),
    ("quickstart", &["colmig"]),
    ("xtask", &[]),
];

/// Crates of others, with the packages that may depend on them.
const CRATES: &[(&str, &[&str])] = &[
    ("syn", &["colmig-core", "colmig-macros"]),
    ("quote", &["colmig-core", "colmig-macros"]),
    ("proc-macro2", &["colmig-core", "colmig-macros"]),
    ("sqlx", &["colmig", "colmig-tests", "quickstart"]),
    ("tokio", &["colmig", "cargo-colmig", "colmig-tests", "quickstart"]),
    ("clap", &["cargo-colmig", "xtask"]),
    ("sqlparser", &["cargo-colmig"]),
    ("anyhow", &["cargo-colmig", "colmig-tests", "xtask"]),
];

/// Crates that a package may have behind a feature only.
const OPTIONAL: &[(&str, &[&str])] = &[("colmig-core", &["syn", "quote", "proc-macro2"])];

/// One dependency, of any kind.
#[derive(Debug)]
struct Edge {
    from: String,
    to: String,
    optional: bool,
}

fn edges(packages: &[Package]) -> Vec<Edge> {
    let edges = |package: &Package| {
        let edge = |dependency: &cargo_metadata::Dependency| Edge {
            from: package.name.to_string(),
            to: dependency.name.clone(),
            optional: dependency.optional,
        };
        package.dependencies.iter().map(edge).collect::<Vec<_>>()
    };
    packages.iter().flat_map(edges).collect()
}

/// What is wrong with a dependency, in words.
fn offence(edge: &Edge) -> Option<String> {
    let Edge { from, to, optional } = edge;
    let row = |table: &'static [(&str, &[&str])], name: &str| {
        table.iter().find(|(row, _)| *row == name).map(|(_, names)| *names)
    };
    let ours = row(PACKAGES, to).is_some();
    let allowed = row(PACKAGES, from).unwrap_or_default().contains(&to.as_str());
    if ours && !allowed {
        return Some(format!("`{from}` may not depend on `{to}`: dependencies point one way"));
    }
    if row(CRATES, to).is_some_and(|users| !users.contains(&from.as_str())) {
        return Some(format!("`{from}` may not name the crate `{to}`"));
    }
    if !optional && row(OPTIONAL, from).unwrap_or_default().contains(&to.as_str()) {
        return Some(format!("`{from}` may have `{to}` behind a feature only"));
    }
    None
}

fn packages() -> Vec<Package> {
    let mut command = MetadataCommand::new();
    command.no_deps().manifest_path(root().join("Cargo.toml"));
    command.exec().expect("cargo metadata").packages
}

#[test]
fn dependencies_point_one_way_and_crates_stay_where_they_belong() {
    let offences: Vec<_> = edges(&packages()).iter().filter_map(offence).collect();
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn the_table_names_every_package() {
    let mut found: Vec<_> = packages().iter().map(|package| package.name.to_string()).collect();
    found.sort();
    let mut named: Vec<_> = PACKAGES.iter().map(|(name, _)| *name).collect();
    named.sort_unstable();
    assert_eq!(found, named);
}

#[test]
fn every_row_can_fail() {
    let edge = |from: &str, to: &str| Edge { from: from.into(), to: to.into(), optional: false };
    for (number, (from, _)) in PACKAGES.iter().enumerate() {
        for (to, _) in &PACKAGES[number..] {
            assert!(offence(&edge(from, to)).is_some(), "{from} -> {to}");
        }
    }
    for (name, users) in CRATES {
        let strangers = PACKAGES.iter().filter(|(package, _)| !users.contains(package));
        for (package, _) in strangers {
            assert!(offence(&edge(package, name)).is_some(), "{package} -> {name}");
        }
    }
    for (package, crates) in OPTIONAL {
        for name in *crates {
            assert!(offence(&edge(package, name)).is_some(), "{package} -> {name}");
            let optional = Edge { optional: true, ..edge(package, name) };
            assert_eq!(offence(&optional), None);
        }
    }
}
