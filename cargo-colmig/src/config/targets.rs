//! The targets of an environment that has several databases: their names, and which of them a command means.

use std::cmp::Ordering;
use std::fmt;

use colmig_core::Problem;
use colmig_core::problem::USAGE;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::secret::SecretUrl;

/// One database of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name in colmig.toml; empty where the environment has one `url`.
    pub name: String,
    /// Its address.
    pub url: SecretUrl,
}

/// How many targets are worked on at a time, unless `parallel` says otherwise.
pub(super) const PARALLEL: usize = 4;

/// What may name a target.
const NAME: &str = "a target's name has letters, digits, `-`, `_` and `.`, at most 32 of them";

/// Names and addresses, as colmig.toml has them: `eu-2` comes before `eu-10`.
#[derive(Clone, Debug)]
pub(super) struct Targets(pub(super) Vec<(String, SecretUrl)>);

impl Targets {
    /// Those that the command line means, and an error that lists what there is.
    pub(super) fn chosen(
        &self,
        environment: &str,
        named: &[String],
        except: &[String],
    ) -> Result<Vec<&(String, SecretUrl)>, Problem> {
        let is_known = |name: &&String| self.0.iter().any(|(known, _)| known == *name);
        if let Some(unknown) = named.iter().chain(except).find(|name| !is_known(name)) {
            let names: Vec<_> = self.0.iter().map(|(name, _)| name.as_str()).collect();
            return Err(USAGE
                .problem(format!("`[env.{environment}]` has no target `{unknown}`"))
                .help(format!("there are: {}", names.join(", "))));
        }
        let is_meant =
            |name: &String| (named.is_empty() || named.contains(name)) && !except.contains(name);
        let chosen: Vec<_> = self.0.iter().filter(|(name, _)| is_meant(name)).collect();
        if chosen.is_empty() {
            return Err(USAGE
                .problem(format!("no target of `[env.{environment}]` is left"))
                .help("leave out one of the `--except`"));
        }
        Ok(chosen)
    }
}

impl<'de> Deserialize<'de> for Targets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Targets, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Vec<(String, SecretUrl)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names with addresses: `targets = { eu-1 = \"$EU_1_URL\" }`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut targets = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !is_target_name(&name) {
                        return Err(A::Error::custom(NAME));
                    }
                    targets.push((name, SecretUrl::new(map.next_value::<String>()?)));
                }
                if targets.is_empty() {
                    return Err(A::Error::custom(
                        "`targets` is empty: name a database there, or give a `url` instead",
                    ));
                }
                Ok(targets)
            }
        }

        let mut targets = deserializer.deserialize_map(Names)?;
        targets.sort_by(|(a, _), (b, _)| by_numbers(a, b));
        Ok(Targets(targets))
    }
}

fn is_target_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=32).contains(&name.len()) && name.chars().all(fits)
}

/// Numbers in names are compared as such.
fn by_numbers(a: &str, b: &str) -> Ordering {
    parts(a).cmp(&parts(b)).then_with(|| a.cmp(b))
}

/// Letters, and the numbers between them.
fn parts(name: &str) -> Vec<(&str, u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, number) = rest.split_at(digits);
        let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        parts.push((text, number[..end].parse().unwrap_or(u64::MAX)));
        rest = &number[end..];
    }
    parts
}

#[test]
fn names_are_in_the_order_of_their_numbers() {
    let mut names = ["us", "eu-10", "eu-2", "eu", "eu-2b", "eu-02", "10", "9"];
    names.sort_by(|a, b| by_numbers(a, b));
    assert_eq!(names, ["9", "10", "eu", "eu-02", "eu-2", "eu-2b", "eu-10", "us"]);
}
