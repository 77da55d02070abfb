//! Which databases are meant, and what is said of their fleet.

use camino::{Utf8Path, Utf8PathBuf};
use colmig_core::Problem;
use colmig_core::gate::Policy;
use colmig_core::problem::USAGE;
use colmig_core::shards::named;
use colmig_core::types::Database;

use super::targets::{Listed, PARALLEL};
use super::{Config, Fleet, Table, Target};
use crate::secret::SecretUrl;

/// The environment that a command works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its name in colmig.toml; empty where there are no environments.
    pub name: String,
    /// The databases that the command works on, at least one; all of one kind.
    pub targets: Vec<Target>,
    /// How many of them are worked on at a time.
    pub parallel: usize,
    /// The kind of database that the addresses name.
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
    /// How late a replica may be while rows are filled, in milliseconds.
    pub max_replica_lag_ms: i64,
}

impl Environment {
    /// Whether the command works on several databases.
    pub fn has_many(&self) -> bool {
        self.targets.len() > 1
    }

    /// The one database; where there are several, the command line has to say which is meant, and `what` says of what.
    pub fn only(&self, what: &str) -> Result<&Target, Problem> {
        let [target] = self.targets.as_slice() else {
            let names: Vec<_> = self.targets.iter().map(|target| target.name.as_str()).collect();
            return Err(USAGE
                .problem(format!(
                    "{what} is about one database, and `[env.{}]` has {}",
                    self.name,
                    names.len()
                ))
                .help(format!("say `--target` with one of {}", names.join(", "))));
        };
        Ok(target)
    }

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
    /// `--target`.
    pub targets: &'a [String],
    /// `--except`.
    pub except: &'a [String],
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
        self.check_targets(name, &table)?;
        let targets = match (choice.url, &table.targets) {
            // A path that was typed is relative to where it was typed. Whoever reads from replicas does so still.
            (Some(url), _) => vec![self.single(name, url.clone(), &table, variable)?],
            (None, Some(targets)) => {
                let chosen = targets.chosen(name, choice.targets, choice.except)?;
                self.addresses(name, &chosen, variable)?
            }
            (None, None) if !choice.targets.is_empty() || !choice.except.is_empty() => {
                return Err(USAGE
                    .problem("`--target` names one of several databases, and this environment has one")
                    .help("leave it out; several are listed in colmig.toml: `targets = { eu-1 = \"$EU_1_URL\" }`"));
            }
            (None, None) => {
                let url = self.beside(self.address(name, &table, &variable)?);
                vec![self.single(name, url, &table, variable)?]
            }
        };
        let database = self.database(name, choice.url.is_some(), &targets)?;
        Ok(Environment {
            name: name.to_owned(),
            targets,
            parallel: table.parallel.unwrap_or(PARALLEL),
            database,
            fleet_leases: table.fleet == Fleet::Leases,
            soak_ms: table.soak,
            ttl_ms: table.ttl,
            ignore_clients: table.ignore_clients,
            archive: table.archive,
            max_replica_lag_ms: table.max_replica_lag,
        })
    }

    /// The one database of an environment.
    fn single(
        &self,
        name: &str,
        url: SecretUrl,
        table: &Table,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Target, Problem> {
        let place = format!("[env.{name}.replicas]");
        let replicas = self.replicas(&place, &table.replicas, &url, variable)?;
        Ok(Target { name: String::new(), url, replicas })
    }

    /// An environment has one `url` or several `targets`.
    fn check_targets(&self, name: &str, table: &Table) -> Result<(), Problem> {
        match (&table.url, &table.targets, table.parallel) {
            (Some(_), Some(_), _) => Err(self
                .problem(format!("`[env.{name}]` has a `url` and `targets`"))
                .help("keep one of them: the `url` of its one database, or its `targets` by name")),
            (_, None, Some(_)) => Err(self
                .problem(format!(
                    "`[env.{name}]` says how many targets are worked on at a time, and has no `targets`"
                ))
                .help("remove `parallel`, or list the databases: `targets = { eu-1 = \"$EU_1_URL\" }`")),
            (_, Some(_), _) if !table.replicas.0.is_empty() => Err(self
                .problem(format!("`[env.{name}]` has `targets`, and `replicas` of none of them"))
                .help("a target may be a table: `eu-1 = { url = \"$EU_1_URL\", replicas = { r1 = \"$EU_1_R1_URL\" } }`")),
            _ => Ok(()),
        }
    }

    /// The addresses of targets, variables resolved; whatever is missing is said at once.
    fn addresses(
        &self,
        name: &str,
        chosen: &[&Listed],
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<Target>, Problem> {
        let mut targets: Vec<Target> = Vec::new();
        let mut missing = Vec::new();
        for Listed { name: target, url, replicas } in chosen {
            let url = match self.variable(url.expose()) {
                Address::Itself => url.expose().to_owned(),
                Address::Unnamed => {
                    return Err(self.unnamed(&format!("`{target}` in `[env.{name}.targets]`")));
                }
                Address::Variable(word) => match set(&variable, word) {
                    Some(url) => url,
                    None => {
                        missing.push(word);
                        continue;
                    }
                },
            };
            let url = self.beside(url);
            if let Some(other) = targets.iter().find(|other| other.url == url) {
                return Err(self
                    .problem(format!(
                        "`{}` and `{target}` in `[env.{name}.targets]` have one address",
                        other.name
                    ))
                    .help("give each target the address of its own database"));
            }
            let place = format!("[env.{name}.targets.{target}.replicas]");
            let replicas = self.replicas(&place, replicas, &url, &variable)?;
            targets.push(Target { name: target.clone(), url, replicas });
        }
        match missing.as_slice() {
            [] => Ok(targets),
            [word] => Err(self.unset(&format!("`[env.{name}.targets]`"), word)),
            words => Err(self
                .problem(format!(
                    "`[env.{name}.targets]` takes addresses from variables that are not set: {}",
                    words.join(", ")
                ))
                .help("set them (`.env` files are not read), or say `--target` with the targets that are meant")),
        }
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
        let word = match table.url.as_deref().map(|url| self.variable(url)) {
            Some(Address::Itself) => return Ok(table.url.clone().unwrap_or_default()),
            Some(Address::Unnamed) => return Err(self.unnamed(&format!("the `url` of {subject}"))),
            Some(Address::Variable(word)) => word,
            None if self.environments.is_empty() => VARIABLE,
            None => {
                return Err(self
                    .problem(format!("{subject} has no `url`"))
                    .help(format!("add `url = \"${VARIABLE}\"`, or say `--database-url`")));
            }
        };
        set(&variable, word).ok_or_else(|| self.unset(&subject, word))
    }

    /// What an address of colmig.toml is.
    pub(super) fn variable<'u>(&self, url: &'u str) -> Address<'u> {
        let Some(word) = url.strip_prefix('$') else { return Address::Itself };
        let word = word.trim_start_matches('{').trim_end_matches('}');
        let is_name = word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_name && !word.is_empty() { Address::Variable(word) } else { Address::Unnamed }
    }

    /// What is no name may be a part of a password.
    pub(super) fn unnamed(&self, subject: &str) -> Problem {
        self.problem(format!("{subject} begins with `$`, and no name of a variable follows"))
            .help("the variable holds the whole address: `url = \"$DATABASE_URL\"`")
    }

    fn unset(&self, subject: &str, word: &str) -> Problem {
        self.problem(format!("{subject} takes its address from {word}, which is not set"))
            .help(format!("set {word} (`.env` files are not read), or say `--database-url`"))
    }

    /// A relative path is beside colmig.toml.
    fn beside(&self, url: String) -> SecretUrl {
        SecretUrl::new(below(url, self.path.parent()))
    }

    /// The kind of all targets. What a gate can see, what a step locks and how it is undone differ from kind to kind,
    /// so that targets of two kinds would not stand side by side.
    fn database(
        &self,
        name: &str,
        is_typed: bool,
        targets: &[Target],
    ) -> Result<Database, Problem> {
        let of = |target: &Target| {
            let whose = match (is_typed, name, target.name.as_str()) {
                (true, ..) => " that `--database-url` gives".to_owned(),
                (_, "", _) => String::new(),
                (_, name, "") => format!(" of `[env.{name}]`"),
                (_, name, target) => format!(" of `{target}` in `[env.{name}.targets]`"),
            };
            self.database_of(&whose, &target.url)
        };
        let mut kinds: Vec<(Database, &str)> = Vec::new();
        for target in targets {
            kinds.push((of(target)?, &target.name));
        }
        let first = kinds.first().expect("an environment has a target").0;
        let others = kinds.iter().filter(|(kind, _)| *kind != first);
        let others: Vec<_> = others.map(|(_, name)| *name).collect();
        if !others.is_empty() {
            let is_or_are = if others.len() == 1 { "is" } else { "are" };
            return Err(self
                .problem(format!(
                    "the targets of `[env.{name}]` are {first} databases, and {} {is_or_are} not",
                    named(&others)
                ))
                .help("give the others an environment of their own: targets go together stage by stage, and gates and locks differ from kind to kind"));
        }
        Ok(first)
    }

    fn database_of(&self, whose: &str, url: &SecretUrl) -> Result<Database, Problem> {
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

/// What stands for an address.
pub(super) enum Address<'u> {
    /// The address itself.
    Itself,
    /// A variable that holds it.
    Variable(&'u str),
    /// What begins like a variable and is none.
    Unnamed,
}

/// What a variable holds, unless that is nothing.
pub(super) fn set(variable: impl Fn(&str) -> Option<String>, word: &str) -> Option<String> {
    variable(word).filter(|url| !url.is_empty())
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
