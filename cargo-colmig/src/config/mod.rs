//! colmig.toml: the project, its databases, its environments. Unknown keys are refused.

mod environment;
mod replicas;
mod targets;

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use colmig_core::Problem;
use colmig_core::problem::{CONFIG, NOT_SET_UP};
use colmig_core::types::Database;
use serde::{Deserialize, Deserializer, de};

use crate::duration::milliseconds;
use crate::place::shown;
use crate::report::{Failure, Result, Text};
use crate::secret::mask;

pub use environment::{Choice, Environment};
pub use replicas::Replica;
pub use targets::Target;

use replicas::Replicas;
use targets::Targets;

/// What colmig.toml says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file itself.
    #[serde(skip)]
    pub path: Utf8PathBuf,
    /// The project, as leases and the ledger name it.
    #[serde(deserialize_with = "project_name")]
    pub project: String,
    /// The databases that it runs on, in the order of the table of databases.
    #[serde(deserialize_with = "databases")]
    pub databases: Vec<Database>,
    /// The packages whose structs are its tables.
    #[serde(default)]
    pub packages: Option<Vec<String>>,
    /// The environments by name.
    #[serde(default, rename = "env")]
    environments: BTreeMap<String, Table>,
}

/// One `[env.…]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Table {
    url: Option<String>,
    targets: Option<Targets>,
    #[serde(deserialize_with = "parallel")]
    parallel: Option<usize>,
    replicas: Replicas,
    #[serde(deserialize_with = "duration")]
    max_replica_lag: i64,
    fleet: Fleet,
    #[serde(deserialize_with = "duration")]
    soak: i64,
    #[serde(deserialize_with = "positive_duration")]
    ttl: i64,
    ignore_clients: Vec<String>,
    archive: bool,
}

impl Default for Table {
    fn default() -> Table {
        Table {
            url: None,
            targets: None,
            parallel: None,
            replicas: Replicas::default(),
            max_replica_lag: 1500,
            fleet: Fleet::Leases,
            soak: 600_000,
            ttl: 30_000,
            ignore_clients: Vec::new(),
            archive: false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Fleet {
    Leases,
    None,
}

impl Config {
    /// Reads the file.
    pub fn read(path: &Utf8Path) -> Result<Config> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            let code = if missing { NOT_SET_UP } else { CONFIG };
            code.problem(format!("colmig.toml cannot be read: {error}"))
                .at(shown(path))
                .help("`cargo colmig init` writes one")
        })?;
        let config: Config = toml::from_str(&text).map_err(|error| refused(path, text, &error))?;
        Ok(Config { path: path.to_owned(), ..config })
    }

    /// The names of the environments.
    pub fn environments(&self) -> Vec<&str> {
        self.environments.keys().map(String::as_str).collect()
    }

    fn problem(&self, message: String) -> Problem {
        CONFIG.problem(message).at(shown(&self.path))
    }
}

/// The line is shown, unless it holds an address: what cannot be parsed cannot be masked for sure.
fn refused(path: &Utf8Path, text: String, error: &toml::de::Error) -> Failure {
    let mut message = mask(error.message()).trim().replace('\n', "; ");
    if may_hold_secrets(&message) {
        message = "a value is not of the kind that its key has".to_owned();
    }
    let problem = CONFIG.problem(format!("colmig.toml is not understood: {message}"));
    let Some(bytes) = error.span() else { return problem.at(shown(path)).into() };
    let mut report = Text::new(path, text).report_bytes(problem, &bytes);
    report.excerpt = report.excerpt.filter(|excerpt| !may_hold_secrets(&excerpt.text));
    report.into()
}

fn may_hold_secrets(text: &str) -> bool {
    text.contains('@') || text.to_lowercase().contains("pass")
}

/// The name is a key in the ledger and a part of what people type.
fn project_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    match is_project_name(&name) {
        true => Ok(name),
        false => Err(de::Error::custom(PROJECT_NAME)),
    }
}

/// What may name a project.
pub const PROJECT_NAME: &str =
    "a project's name has letters, digits, `-`, `_` and `.`, at most 63 of them";

/// Whether this may name a project.
pub fn is_project_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.len() <= 63 && name.chars().all(fits)
}

fn databases<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Vec<Database>, D::Error> {
    let mut databases = Vec::<Database>::deserialize(deserializer)?;
    databases.sort_unstable();
    databases.dedup();
    match databases.is_empty() {
        true => {
            Err(de::Error::custom(format!("`databases` is empty; there are {}", Database::words())))
        }
        false => Ok(databases),
    }
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<i64, D::Error> {
    milliseconds(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

fn positive_duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<i64, D::Error> {
    match duration(deserializer)? {
        0 => Err(de::Error::custom("a lease that lives no time at all cannot be renewed")),
        ttl => Ok(ttl),
    }
}

fn parallel<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<usize>, D::Error> {
    match usize::deserialize(deserializer)? {
        0 => Err(de::Error::custom("with `parallel = 0` no target would ever be worked on")),
        bound => Ok(Some(bound)),
    }
}

#[cfg(test)]
mod tests;
