//! The replicas that applications read from: their names, and their addresses.

use colmig_core::Problem;
use colmig_core::types::Database;
use serde::{Deserialize, Deserializer};

use super::Config;
use super::environment::{Address, set};
use super::targets::by_name;
use crate::secret::SecretUrl;

/// One replica of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// Its name in colmig.toml.
    pub name: String,
    /// Its address.
    pub url: SecretUrl,
}

/// Names and addresses, as colmig.toml has them.
#[derive(Clone, Debug, Default)]
pub(super) struct Replicas(pub(super) Vec<(String, SecretUrl)>);

impl<'de> Deserialize<'de> for Replicas {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Replicas, D::Error> {
        let expected = "names with addresses: `replicas = { r1 = \"$R1_URL\" }`";
        by_name(deserializer, "a replica", expected).map(Replicas)
    }
}

impl Config {
    /// The replicas of the database at `primary`, variables resolved; `place` is where colmig.toml lists them.
    pub(super) fn replicas(
        &self,
        place: &str,
        listed: &Replicas,
        primary: &SecretUrl,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<Replica>, Problem> {
        let mut replicas: Vec<Replica> = Vec::new();
        let mut missing = Vec::new();
        for (name, url) in &listed.0 {
            let url = match self.variable(url.expose()) {
                Address::Itself => url.clone(),
                Address::Unnamed => return Err(self.unnamed(&format!("`{name}` in `{place}`"))),
                Address::Variable(word) => match set(&variable, word) {
                    Some(url) => SecretUrl::new(url),
                    None => {
                        missing.push(word);
                        continue;
                    }
                },
            };
            self.check_kind(place, name, &url, primary)?;
            let same = replicas.iter().find(|other| other.url == url);
            let same = same.map(|other| format!("`{}`", other.name));
            let itself = (url == *primary).then(|| "the database itself".to_owned());
            if let Some(other) = same.or(itself) {
                return Err(self
                    .problem(format!("`{name}` in `{place}` has the address of {other}"))
                    .help("give each replica the address of its own server, and none that leads now here, now there"));
            }
            replicas.push(Replica { name: name.clone(), url });
        }
        match missing.as_slice() {
            [] => Ok(replicas),
            words => Err(self
                .problem(format!(
                    "`{place}` takes addresses from variables that are not set: {}",
                    words.join(", ")
                ))
                .help("set them (`.env` files are not read): of a replica that is not looked at, nobody knows what it has replayed")),
        }
    }

    fn check_kind(
        &self,
        place: &str,
        name: &str,
        url: &SecretUrl,
        primary: &SecretUrl,
    ) -> Result<(), Problem> {
        let problem = match (primary.database(), url.database()) {
            // What is wrong with the primary's address is said of that.
            (None, _) => return Ok(()),
            (Some(Database::Sqlite), _) => {
                self.problem(format!("`{place}` names replicas, and a SQLite file has none"))
            }
            (Some(one), Some(other)) if one == other => return Ok(()),
            (Some(one), _) => self.problem(format!(
                "the address of `{name}` in `{place}` is not that of a {one} database"
            )),
        };
        Err(problem.help("name servers that replay this database, or remove what is none"))
    }
}
