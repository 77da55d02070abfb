//! The targets of an environment that has several databases: their names, and which of them a command means.

use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;

use colmig_core::Problem;
use colmig_core::problem::USAGE;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::replicas::{Replica, Replicas};
use crate::secret::SecretUrl;

/// One database of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name in colmig.toml; empty where the environment has one `url`.
    pub name: String,
    /// Its address.
    pub url: SecretUrl,
    /// The replicas that applications read from.
    pub replicas: Vec<Replica>,
}

/// How many targets are worked on at a time, unless `parallel` says otherwise.
pub(super) const PARALLEL: usize = 4;

/// One target as colmig.toml has it: its address, or a table with that and its replicas.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) url: SecretUrl,
    pub(super) replicas: Replicas,
}

/// Names and addresses, as colmig.toml has them: `eu-2` comes before `eu-10`.
#[derive(Clone, Debug)]
pub(super) struct Targets(pub(super) Vec<Listed>);

impl Targets {
    /// Those that the command line means, and an error that lists what there is.
    pub(super) fn chosen(
        &self,
        environment: &str,
        named: &[String],
        except: &[String],
    ) -> Result<Vec<&Listed>, Problem> {
        let is_known = |name: &&String| self.0.iter().any(|listed| listed.name == **name);
        if let Some(unknown) = named.iter().chain(except).find(|name| !is_known(name)) {
            let names: Vec<_> = self.0.iter().map(|listed| listed.name.as_str()).collect();
            return Err(USAGE
                .problem(format!("`[env.{environment}]` has no target `{unknown}`"))
                .help(format!("there are: {}", names.join(", "))));
        }
        let is_meant =
            |name: &String| (named.is_empty() || named.contains(name)) && !except.contains(name);
        let chosen: Vec<_> = self.0.iter().filter(|listed| is_meant(&listed.name)).collect();
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
        let expected = "names with addresses: `targets = { eu-1 = \"$EU_1_URL\" }`";
        let targets = by_name::<D, Described>(deserializer, "a target", expected)?;
        if targets.is_empty() {
            return Err(D::Error::custom(
                "`targets` is empty: name a database there, or give a `url` instead",
            ));
        }
        let listed = |(name, Described(AsTable { url, replicas }))| Listed { name, url, replicas };
        Ok(Targets(targets.into_iter().map(listed).collect()))
    }
}

/// What stands for one target: its address alone, or a table.
struct Described(AsTable);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AsTable {
    url: SecretUrl,
    #[serde(default)]
    replicas: Replicas,
}

impl<'de> Deserialize<'de> for Described {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Described, D::Error> {
        struct AddressOrTable;

        impl<'de> Visitor<'de> for AddressOrTable {
            type Value = Described;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address, or a table with `url` and `replicas`")
            }

            fn visit_str<E: Error>(self, url: &str) -> Result<Described, E> {
                let url = SecretUrl::new(url);
                Ok(Described(AsTable { url, replicas: Replicas::default() }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Described, A::Error> {
                AsTable::deserialize(MapAccessDeserializer::new(map)).map(Described)
            }
        }

        deserializer.deserialize_any(AddressOrTable)
    }
}

/// A table of names that may be on the command line and in messages, in the order of their numbers.
pub(super) fn by_name<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    whose: &'static str,
    expected: &'static str,
) -> Result<Vec<(String, T)>, D::Error> {
    struct Names<T> {
        whose: &'static str,
        expected: &'static str,
        values: PhantomData<T>,
    }

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Names<T> {
        type Value = Vec<(String, T)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.expected)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut named = Vec::new();
            while let Some(name) = map.next_key::<String>()? {
                if !is_name(&name) {
                    return Err(A::Error::custom(format!(
                        "{}'s name has letters, digits, `-`, `_` and `.`, at most 32 of them",
                        self.whose
                    )));
                }
                named.push((name, map.next_value()?));
            }
            Ok(named)
        }
    }

    let names = Names { whose, expected, values: PhantomData };
    let mut named = deserializer.deserialize_map(names)?;
    named.sort_by(|(a, _), (b, _)| by_numbers(a, b));
    Ok(named)
}

fn is_name(name: &str) -> bool {
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
