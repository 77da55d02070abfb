//! Which database is meant, and what is said of its fleet.

use camino::{Utf8Path, Utf8PathBuf};
use colmig_core::Problem;
use colmig_core::gate::Policy;
use colmig_core::problem::USAGE;
use colmig_core::types::Database;

use super::{Config, Fleet, Table};
use crate::secret::SecretUrl;

/// The environment that a command works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its name in colmig.toml; empty where there are no environments.
    pub name: String,
    /// The database's address.
    pub url: SecretUrl,
    /// The database that the address names.
    pub database: Database,
    /// Whether instances register with leases.
    pub fleet_leases: bool,
    /// How long nobody old may have been seen, in milliseconds.
    pub soak_ms: i64,
    /// How long a lease lives, in milliseconds.
    pub ttl_ms: i64,
    /// Sessions with these `application_name`s are no writers.
    pub ignore_clients: Vec<String>,
    /// Whether `apply` keeps the values of columns that it drops.
    pub archive: bool,
}

impl Environment {
    /// What gates ask of the fleet.
    pub fn policy(&self, assume_no_fleet: bool) -> Policy {
        Policy { leases: self.fleet_leases, soak: self.soak_ms, ttl: self.ttl_ms, assume_no_fleet }
    }
}

/// What the command line says about the environment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice<'a> {
    /// `--env`.
    pub env: Option<&'a str>,
    /// `--database-url`.
    pub url: Option<&'a SecretUrl>,
}

/// The environment where none is named.
const DEFAULT: &str = "dev";

/// Where the address comes from if nothing else says.
const VARIABLE: &str = "DATABASE_URL";

impl Config {
    /// The environment that the choice means; `variable` reads the process's environment.
    pub fn environment(
        &self,
        choice: Choice<'_>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Environment, Problem> {
        let (name, table) = self.chosen(choice.env)?;
        let url = match choice.url {
            // A path that was typed is relative to where it was typed.
            Some(url) => url.clone(),
            None => {
                SecretUrl::new(below(self.address(name, &table, variable)?, self.path.parent()))
            }
        };
        let whose = match choice.url {
            Some(_) => " that `--database-url` gives".to_owned(),
            None if name.is_empty() => String::new(),
            None => format!(" of `[env.{name}]`"),
        };
        let database = self.database(&whose, &url)?;
        Ok(Environment {
            name: name.to_owned(),
            url,
            database,
            fleet_leases: table.fleet == Fleet::Leases,
            soak_ms: table.soak,
            ttl_ms: table.ttl,
            ignore_clients: table.ignore_clients,
            archive: table.archive,
        })
    }

    fn chosen<'a>(&'a self, name: Option<&'a str>) -> Result<(&'a str, Table), Problem> {
        if name.is_none() && self.environments.is_empty() {
            return Ok(("", Table::default()));
        }
        let wanted = name.unwrap_or(DEFAULT);
        if let Some(table) = self.environments.get(wanted) {
            return Ok((wanted, table.clone()));
        }
        let problem = match name {
            Some(name) => USAGE.problem(format!("colmig.toml has no environment `{name}`")),
            None => USAGE
                .problem("colmig.toml has no environment `dev`, which is meant without `--env`"),
        };
        Err(match self.environments().as_slice() {
            [] => problem.help(format!("add `[env.{wanted}]` with a `url`")),
            names => problem.help(format!("say `--env` with one of {}", names.join(", "))),
        })
    }

    /// The address that colmig.toml gives, a variable resolved.
    fn address(
        &self,
        name: &str,
        table: &Table,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<String, Problem> {
        let subject =
            if name.is_empty() { "the project".into() } else { format!("`[env.{name}]`") };
        let read = |word: &str| variable(word).filter(|url| !url.is_empty());
        let wanted = match table.url.as_deref() {
            Some(url) => match url.strip_prefix('$') {
                None => return Ok(url.to_owned()),
                Some(word) => word,
            },
            None if self.environments.is_empty() => VARIABLE,
            None => {
                return Err(self
                    .problem(format!("{subject} has no `url`"))
                    .help(format!("add `url = \"${VARIABLE}\"`, or say `--database-url`")));
            }
        };
        let wanted = wanted.trim_start_matches('{').trim_end_matches('}');
        // What is no name may be a part of a password.
        if !wanted.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || wanted.is_empty() {
            return Err(self
                .problem(format!(
                    "the `url` of {subject} begins with `$`, and no name of a variable follows"
                ))
                .help("the variable holds the whole address: `url = \"$DATABASE_URL\"`"));
        }
        read(wanted).ok_or_else(|| {
            self.problem(format!("{subject} takes its address from {wanted}, which is not set"))
                .help(format!("set {wanted} (`.env` files are not read), or say `--database-url`"))
        })
    }

    fn database(&self, whose: &str, url: &SecretUrl) -> Result<Database, Problem> {
        let Some(database) = url.database() else {
            return Err(self
                .problem(format!("the address{whose} names no database that colmig speaks to"))
                .help("addresses begin with `postgres://` or `sqlite:`"));
        };
        if !self.databases.contains(&database) {
            let listed: Vec<_> = self.databases.iter().map(ToString::to_string).collect();
            return Err(self
                .problem(format!(
                    "the address{whose} is that of a {database} database, and `databases` has only {}",
                    listed.join(", ")
                ))
                .help("use an address of a database that the project has migrations for"));
        }
        Ok(database)
    }
}

/// A relative path to an SQLite file is relative to colmig.toml, wherever the command runs.
fn below(url: String, root: Option<&Utf8Path>) -> String {
    let (Some(path), Some(root)) = (url.strip_prefix("sqlite:"), root) else { return url };
    let path = path.strip_prefix("//").unwrap_or(path);
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let in_memory = path.is_empty() || path == ":memory:" || query.contains("mode=memory");
    if in_memory || Utf8PathBuf::from(path).is_absolute() {
        return url;
    }
    // In an address `%` and `?` have a meaning; the path of the file is already written as one.
    let root = root.as_str().replace('%', "%25").replace('?', "%3F");
    format!("sqlite:{}{query}", Utf8Path::new(&root).join(path))
}
