//! Where a project lives: the directory of its colmig.toml, which also holds colmig.lock and
//! migrations/, and the packages whose source it reads.

use camino::{Utf8Path, Utf8PathBuf};
use colmig_core::Problem;
use colmig_core::problem::{CONFIG, NOT_SET_UP, USAGE};

use crate::cli::Globals;
use crate::place::shown;
use crate::workspace::{Package, Workspace};

/// The name of the configuration.
pub const CONFIG_FILE: &str = "colmig.toml";

/// The name of the directory of the migrations.
pub const MIGRATIONS: &str = "migrations";

/// The places of one project.
#[derive(Clone, Debug)]
pub struct Project {
    /// colmig.toml.
    pub config: Utf8PathBuf,
    /// colmig.lock.
    pub lock: Utf8PathBuf,
    /// The directory of the migrations.
    pub migrations: Utf8PathBuf,
}

impl Project {
    /// The project that is meant: `--config`, or the nearest colmig.toml from the package upwards, not
    /// beyond the workspace. Outside all packages, the only one that there is.
    pub fn find(workspace: &Workspace, globals: &Globals) -> Result<Project, Problem> {
        let config = match &globals.config {
            Some(path) => given(path)?,
            None => found(workspace, globals)?,
        };
        let root = config.parent().unwrap_or(&config);
        Ok(Project {
            lock: root.join(colmig_core::lock::FILE),
            migrations: root.join(MIGRATIONS),
            config,
        })
    }

    /// The directory of colmig.toml.
    pub fn root(&self) -> &Utf8Path {
        self.config.parent().unwrap_or(&self.config)
    }

    /// The packages whose source is read: the ones that colmig.toml names, or those for which it is the
    /// nearest colmig.toml.
    pub fn packages<'w>(
        &self,
        workspace: &'w Workspace,
        names: Option<&[String]>,
    ) -> Result<Vec<&'w Package>, Problem> {
        let Some(names) = names else {
            let mine = |package: &&Package| {
                nearest(workspace, &package.dir).is_some_and(|config| same(&config, &self.config))
            };
            let mine: Vec<_> = workspace.packages.iter().filter(mine).collect();
            // A colmig.toml that `--config` names may lie anywhere.
            return Ok(if mine.is_empty() { workspace.current.iter().collect() } else { mine });
        };
        names.iter().map(|name| self.member(workspace, name)).collect()
    }

    fn member<'w>(&self, workspace: &'w Workspace, name: &str) -> Result<&'w Package, Problem> {
        workspace.packages.iter().find(|package| package.name == name).ok_or_else(|| {
            let names: Vec<_> = workspace.packages.iter().map(|p| p.name.as_str()).collect();
            CONFIG
                .problem(format!("`packages` names `{name}`, which is not in this workspace"))
                .at(shown(&self.config))
                .help(format!("there are {}", names.join(", ")))
        })
    }
}

/// The colmig.toml of a directory, if there is one: its own, or the nearest above it in the workspace.
pub fn nearest(workspace: &Workspace, dir: &Utf8Path) -> Option<Utf8PathBuf> {
    let inside = dir.ancestors().take_while(|dir| dir.starts_with(&workspace.root));
    inside.map(|dir| dir.join(CONFIG_FILE)).find(|path| path.exists())
}

fn given(path: &Utf8Path) -> Result<Utf8PathBuf, Problem> {
    path.canonicalize_utf8().map_err(|error| {
        CONFIG
            .problem(format!("`--config` names a file that cannot be read: {error}"))
            .at(path.as_str())
            .help(format!("name the {CONFIG_FILE} of the project, or leave `--config` out"))
    })
}

fn found(workspace: &Workspace, globals: &Globals) -> Result<Utf8PathBuf, Problem> {
    let dir = workspace.current.as_ref().map_or(&workspace.root, |package| &package.dir);
    if let Some(config) = nearest(workspace, dir) {
        return Ok(config);
    }
    let by_hand = globals.package.is_some() || *dir != workspace.root;
    let members = workspace.packages.iter().filter(|_| !by_hand);
    let mut configured: Vec<_> =
        members.filter_map(|package| Some((nearest(workspace, &package.dir)?, package))).collect();
    configured.dedup_by(|(a, _), (b, _)| a == b);
    match configured.as_slice() {
        [] => Err(not_set_up(dir)),
        [(config, _)] => Ok(config.clone()),
        several => {
            let names: Vec<_> = several.iter().map(|(_, p)| format!("`-p {}`", p.name)).collect();
            Err(USAGE
                .problem("several packages of this workspace have a colmig.toml")
                .help(format!("say which is meant: {}", names.join(", "))))
        }
    }
}

fn not_set_up(dir: &Utf8Path) -> Problem {
    NOT_SET_UP
        .problem("this project has no colmig.toml")
        .at(shown(&dir.join("Cargo.toml")))
        .help("run `cargo colmig init`, which writes one")
}

fn same(a: &Utf8Path, b: &Utf8Path) -> bool {
    a == b || a.canonicalize_utf8().ok() == b.canonicalize_utf8().ok()
}
