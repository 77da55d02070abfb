//! What cargo knows: the workspace, its packages, and the one that is meant.

use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::{Metadata, MetadataCommand};
use colmig_core::Problem;
use colmig_core::problem::{METADATA, USAGE};
use colmig_core::types::{DATABASES, Database};

use crate::cli::Globals;

/// A cargo workspace; a package alone is one too.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its directory.
    pub root: Utf8PathBuf,
    /// Its members.
    pub packages: Vec<Package>,
    /// The member that is meant; none in the directory of a workspace that is no package itself.
    pub current: Option<Package>,
}

/// A member of a workspace.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its directory.
    pub dir: Utf8PathBuf,
    /// The files in which its library and its programs begin. Tests, benches and examples declare no
    /// tables of the project.
    pub roots: Vec<Utf8PathBuf>,
    /// The files in which its tests, benches and examples begin: they declare no tables, and may hold SQL.
    pub other_roots: Vec<Utf8PathBuf>,
    /// The databases that its features of sqlx or colmig name.
    pub databases: Vec<Database>,
}

impl Workspace {
    /// Asks cargo. Nothing is built, and nothing is fetched.
    pub fn load(globals: &Globals) -> Result<Workspace, Problem> {
        let mut command = MetadataCommand::new();
        command.no_deps();
        if let Some(path) = &globals.manifest_path {
            command.manifest_path(path);
        }
        let metadata = command.exec().map_err(failed)?;
        let packages: Vec<_> = metadata.workspace_packages().into_iter().map(package).collect();
        let current = match (&globals.package, &globals.manifest_path) {
            (Some(name), _) => Some(named(&packages, name)?),
            (None, Some(manifest)) => around(&packages, &real(manifest)),
            (None, None) => around(&packages, &real(Utf8Path::new("."))),
        };
        let current = current.cloned();
        Ok(Workspace { root: root(&metadata), packages, current })
    }
}

fn failed(error: cargo_metadata::Error) -> Problem {
    let text = match error {
        cargo_metadata::Error::CargoMetadata { stderr } => stderr,
        other => other.to_string(),
    };
    METADATA
        .problem(text.trim().trim_start_matches("error: ").to_owned())
        .help("run it in the package, or say `--manifest-path`; `cargo metadata --no-deps` must succeed there")
}

fn root(metadata: &Metadata) -> Utf8PathBuf {
    metadata.workspace_root.clone()
}

fn package(package: &cargo_metadata::Package) -> Package {
    let dir = package.manifest_path.parent().unwrap_or(&package.manifest_path).to_owned();
    let is_library = |target: &cargo_metadata::Target| {
        target.is_lib()
            || target.is_rlib()
            || target.is_dylib()
            || target.is_cdylib()
            || target.is_staticlib()
    };
    let libraries = package.targets.iter().filter(|target| is_library(target));
    let programs = package.targets.iter().filter(|target| target.is_bin());
    let others = package.targets.iter().filter(|target| !is_library(target) && !target.is_bin());
    let others = others.filter(|target| !target.is_custom_build());
    Package {
        name: package.name.to_string(),
        dir,
        other_roots: others.map(|target| target.src_path.clone()).collect(),
        roots: libraries.chain(programs).map(|target| target.src_path.clone()).collect(),
        databases: databases(package),
    }
}

/// The databases that the features of sqlx or colmig name, switched on in the dependency or by a feature
/// of the package.
fn databases(package: &cargo_metadata::Package) -> Vec<Database> {
    let direct = package.dependencies.iter().filter(|dependency| is_ours(&dependency.name));
    let direct = direct.flat_map(|dependency| &dependency.features).map(String::as_str);
    let through = package.features.values().flatten().filter_map(|feature| {
        let (dependency, feature) = feature.split_once('/')?;
        is_ours(dependency.trim_end_matches('?')).then_some(feature)
    });
    let features: Vec<&str> = direct.chain(through).collect();
    let named = |word: &str| {
        features.iter().any(|feature| feature.split('-').next().is_some_and(|first| first == word))
    };
    DATABASES.iter().filter(|(_, word)| named(word)).map(|(database, _)| *database).collect()
}

fn is_ours(dependency: &str) -> bool {
    dependency == "sqlx" || dependency == "colmig"
}

fn named<'p>(packages: &'p [Package], name: &str) -> Result<&'p Package, Problem> {
    packages.iter().find(|package| package.name == name).ok_or_else(|| {
        let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
        USAGE
            .problem(format!("this workspace has no package `{name}`"))
            .help(format!("there are {}", names.join(", ")))
    })
}

/// The innermost package around a path, as cargo finds it.
fn around<'p>(packages: &'p [Package], path: &Utf8Path) -> Option<&'p Package> {
    let around = packages.iter().filter(|package| path.starts_with(real(&package.dir)));
    around.max_by_key(|package| package.dir.as_str().len())
}

/// cargo names directories without symbolic links, the shell may not.
fn real(path: &Utf8Path) -> Utf8PathBuf {
    path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned())
}
