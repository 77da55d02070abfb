//! Addresses of databases hold passwords, and passwords appear nowhere.
//!
//! [`SecretUrl`] shows itself without; [`mask`] is the second line of defence, which everything that is
//! printed passes: a user may type an address where none belongs, and errors repeat what was typed.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use colmig_core::types::Database;
use serde::Deserialize;

const HIDDEN: &str = "***";

/// Parameters with such a part in their names hold secrets.
const SECRET_PARAMETERS: &[&str] = &["pass", "pwd", "secret", "token", "key", "%"];

/// What stands before a password in a connection string.
const SETTINGS: &[&str] = &["password=", "passwd=", "pwd=", "PASSWORD=", "PWD="];

/// The address of a database. It shows itself without its password; one that is not understood shows
/// nothing at all.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// Hides an address.
    pub fn new(url: impl Into<String>) -> SecretUrl {
        SecretUrl(url.into())
    }

    /// The address with its password, for the driver alone.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The database that its scheme names.
    pub fn database(&self) -> Option<Database> {
        match self.0.split_once(':')?.0 {
            "postgres" | "postgresql" => Some(Database::Postgres),
            "sqlite" => Some(Database::Sqlite),
            "mysql" | "mariadb" => Some(Database::Mysql),
            _ => None,
        }
    }
}

impl FromStr for SecretUrl {
    type Err = Infallible;
    fn from_str(url: &str) -> Result<SecretUrl, Infallible> {
        Ok(SecretUrl::new(url))
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretUrl({self})")
    }
}

/// The text with the passwords of all addresses in it hidden.
pub fn mask(text: &str) -> String {
    mask_settings(&mask_addresses(text))
}

/// `password=…`, as in the connection strings of libpq.
fn mask_settings(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) =
        SETTINGS.iter().filter_map(|word| Some(rest.find(word)? + word.len())).min()
    {
        let end = rest[at..].find(|c| ends_address(c) || c == '&').unwrap_or(rest.len() - at);
        out.push_str(&rest[..at]);
        out.push_str(HIDDEN);
        rest = &rest[at + end..];
    }
    out.push_str(rest);
    out
}

fn mask_addresses(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let scheme = rest[..at]
            .rfind(|c| !is_scheme_letter(c))
            .map_or(0, |before| before + rest[before..].chars().next().map_or(1, char::len_utf8));
        let end = rest[at..].find(ends_address).map_or(rest.len(), |length| at + length);
        out.push_str(&rest[..scheme]);
        out.push_str(&shown(&rest[scheme..end]));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn is_scheme_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+-.".contains(c)
}

/// A password may contain a blank or a quote only in an escaped form. The escape character begins the
/// colours of a terminal.
fn ends_address(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "\"'`<>".contains(c)
}

fn shown(url: &str) -> String {
    understood(url).unwrap_or_else(|| HIDDEN.to_owned())
}

/// The address without its secrets, if every part of it is where it should be. A password that was not
/// escaped moves the parts, and then no part can be shown.
fn understood(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once(':')?;
    if scheme.is_empty() || !scheme.chars().all(is_scheme_letter) {
        return None;
    }
    let (before, tail) = match rest.strip_prefix("//") {
        _ if scheme == "sqlite" => (format!("{scheme}:"), rest),
        None => return None,
        Some(rest) => {
            let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
            (format!("{scheme}://{}", without_password(authority)?), tail)
        }
    };
    if tail.contains(['@', '#']) {
        return None;
    }
    Some(match tail.split_once('?') {
        Some((path, query)) => format!("{before}{path}?{}", without_secrets(query)),
        None => format!("{before}{tail}"),
    })
}

fn without_password(authority: &str) -> Option<String> {
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    if !is_host(host) {
        return None;
    }
    Some(
        match user.map(|user| user.split_once(':').map_or((user, false), |(user, _)| (user, true)))
        {
            Some((user, true)) => format!("{user}:{HIDDEN}@{host}"),
            Some((user, false)) => format!("{user}@{host}"),
            None => host.to_owned(),
        },
    )
}

/// `name`, `name:port` or `[address]:port`.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') => (name, port),
        _ => (host, ""),
    };
    let bracketed = name.starts_with('[') && name.ends_with(']');
    let plain = name.chars().all(|c| c.is_alphanumeric() || "-._%".contains(c));
    (bracketed || plain) && port.chars().all(|c| c.is_ascii_digit())
}

fn without_secrets(query: &str) -> String {
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={HIDDEN}"),
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn is_secret(parameter: &str) -> bool {
    let parameter = parameter.to_lowercase();
    SECRET_PARAMETERS.iter().any(|part| parameter.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every address that contains a password contains the word `hush`.
    const ADDRESSES: &[(&str, &str)] = &[
        ("postgres://user:hush@host/db", "postgres://user:***@host/db"),
        ("postgres://user:hush@host:5432/db", "postgres://user:***@host:5432/db"),
        ("postgres://user:hu@hush@host/db", "postgres://user:***@host/db"),
        ("postgres://user:hu:hush@[::1]:5432/db", "postgres://user:***@[::1]:5432/db"),
        ("postgres://:hush@host", "postgres://:***@host"),
        ("postgres://user@host/db", "postgres://user@host/db"),
        ("postgres:///db?host=/run", "postgres:///db?host=/run"),
        (
            "postgres://host/db?user=u&password=hush&sslmode=require",
            "postgres://host/db?user=u&password=***&sslmode=require",
        ),
        ("postgres://host/db?p%61ssword=hush", "postgres://host/db?p%61ssword=***"),
        ("postgres://user:hu/sh@hush/db", "***"),
        ("postgres://user:1#hush@host/db", "***"),
        ("postgres://user:1?hush@host/db", "***"),
        ("postgres://user:1@x/hush@host/db", "***"),
        ("postgres://user:hush", "***"),
        ("postgres:user:hush@host", "***"),
        ("user:hush@host/db", "***"),
        ("host=h password=hush", "***"),
        ("://user:hush@host", "***"),
        ("hush", "***"),
        ("", "***"),
        ("sqlite:shop.db", "sqlite:shop.db"),
        ("sqlite://shop.db?mode=rwc", "sqlite://shop.db?mode=rwc"),
        ("sqlite::memory:", "sqlite::memory:"),
        ("sqlite:shop.db?key=hush", "sqlite:shop.db?key=***"),
    ];

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (address, expected) in ADDRESSES {
            let url = SecretUrl::new(*address);
            assert_eq!(url.to_string(), *expected);
            assert_eq!(format!("{url:?}"), format!("SecretUrl({expected})"));
            assert_eq!(url.expose(), *address);
        }
    }

    #[test]
    fn an_address_in_a_text_is_masked() {
        for (address, expected) in ADDRESSES.iter().filter(|(a, _)| a.contains("://")) {
            let text = format!("no environment `{address}`; there is dev");
            assert_eq!(mask(&text), format!("no environment `{expected}`; there is dev"));
        }
        let two = "<postgres://a:hush@b> and postgres://c:hush@d";
        assert_eq!(mask(two), "<postgres://a:***@b> and postgres://c:***@d");
        assert_eq!(mask("see https://docs.rs/colmig."), "see https://docs.rs/colmig.");
        assert_eq!(mask("nothing here"), "nothing here");
        let setting = "no environment `host=h password=hush`; pwd='', and password=";
        assert_eq!(
            mask(setting),
            "no environment `host=h password=***`; pwd=***'', and password=***"
        );
    }
}
