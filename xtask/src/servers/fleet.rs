//! The servers of a run of the tests, and the variables that tell the tests of them.

use std::{env, path::PathBuf};

use anyhow::Result;

use super::{Servers, all_at_once, galera, mariadb, mysql, postgres};
use crate::process::say;

/// The variable with the URLs of the PostgreSQL servers to test on.
pub(crate) const POSTGRES: &str = "COLMIG_TEST_POSTGRES";

/// The same of MariaDB and MySQL servers.
pub(crate) const MYSQL: &str = "COLMIG_TEST_MYSQL";

/// What is asked for beyond the servers of every run.
#[derive(clap::Args)]
pub(crate) struct Wanted {
    /// Test on everything that colmig supports: PostgreSQL 14 to 18, the newest MariaDB, MySQL, and a Galera cluster
    #[arg(long)]
    matrix: bool,

    /// A major version to test on too, installed or not; can be repeated
    #[arg(long, value_name = "MAJOR", value_parser = supported())]
    postgres: Vec<u16>,
}

fn supported() -> clap::builder::RangedI64ValueParser<u16> {
    let (oldest, newest) = postgres::SUPPORTED.into_inner();
    clap::value_parser!(u16).range(i64::from(oldest)..=i64::from(newest))
}

/// A variable with URLs, separated by commas.
struct Variable {
    name: &'static str,
    /// What the URLs lead to, for messages.
    what: &'static str,
    /// Finds what is to be started where the variable is not set; it may have to be fetched or installed.
    find: fn(&Wanted) -> Result<Vec<Start>>,
}

/// Starts what was found.
type Start = Box<dyn FnOnce() -> Result<Box<dyn Servers>> + Send>;

const VARIABLES: [Variable; 5] = [
    Variable { name: POSTGRES, what: "the PostgreSQL servers", find: find_postgres },
    Variable { name: MYSQL, what: "the MariaDB and MySQL servers", find: find_mysql },
    Variable {
        name: "COLMIG_TEST_REPLICA_POSTGRES",
        what: "the PostgreSQL primary and replica",
        find: |_| {
            let bin_dir = postgres::default_bin_dir()?;
            Ok(vec![start(move || postgres::Replicated::start(&bin_dir))])
        },
    },
    Variable {
        name: "COLMIG_TEST_REPLICA_MYSQL",
        what: "the MariaDB or MySQL primary and replica",
        find: |_| {
            let release = mariadb::Release::installed()?;
            Ok(vec![start(move || mariadb::Replicated::start(&release))])
        },
    },
    Variable {
        name: "COLMIG_TEST_GALERA",
        what: "the Galera cluster",
        find: |wanted| {
            if !wanted.matrix {
                return Ok(Vec::new());
            }
            let release = mariadb::Release::newest()?;
            Ok(vec![start(move || galera::Cluster::start(&release))])
        },
    },
];

/// The default server, and one of each major that is asked for.
fn find_postgres(wanted: &Wanted) -> Result<Vec<Start>> {
    let mut bin_dirs = vec![postgres::default_bin_dir()?];
    let all = postgres::SUPPORTED.filter(|_| wanted.matrix);
    for major in wanted.postgres.iter().copied().chain(all) {
        let bin_dir = postgres::major_bin_dir(major)?;
        if !bin_dirs.contains(&bin_dir) {
            bin_dirs.push(bin_dir);
        }
    }
    let server = |bin_dir: PathBuf| {
        start(move || postgres::Server::start(&bin_dir, postgres::Options::default()))
    };
    Ok(bin_dirs.into_iter().map(server).collect())
}

/// The default MariaDB; and in the matrix the newest, if that is another series, and MySQL.
fn find_mysql(wanted: &Wanted) -> Result<Vec<Start>> {
    let mut mariadbs = vec![mariadb::Release::installed()?];
    let mut mysqls = Vec::new();
    if wanted.matrix {
        let newest = mariadb::Release::newest()?;
        if newest.series() != mariadbs[0].series() {
            mariadbs.push(newest);
        }
        mysqls.push(mysql::Release::find()?);
    }
    let mariadbs =
        mariadbs.into_iter().map(|release| start(move || mariadb::Server::start(&release)));
    let mysqls = mysqls.into_iter().map(|release| start(move || mysql::Server::start(&release)));
    Ok(mariadbs.chain(mysqls).collect())
}

fn start<S: Servers + 'static>(start: impl FnOnce() -> Result<S> + Send + 'static) -> Start {
    Box::new(move || Ok(Box::new(start()?)))
}

/// Running servers, and what the variables say of them.
pub(crate) struct Fleet {
    variables: Vec<(&'static str, Vec<String>)>,
    _servers: Vec<Box<dyn Servers>>,
}

impl Fleet {
    /// Starts what no variable stands for. What is found, fetched and installed is so one after another; then all
    /// start at the same time.
    pub(crate) fn start(wanted: &Wanted) -> Result<Self> {
        let mut variables = Vec::new();
        let mut starts = Vec::new();
        for (place, Variable { name, what, find }) in VARIABLES.iter().enumerate() {
            let mut urls = Vec::new();
            match env::var(name) {
                Ok(none) if none.is_empty() => {
                    say("Without", format_args!("{what}, because {name} is empty"));
                }
                Ok(set) => {
                    say("Using", format_args!("{what} of {name}"));
                    urls.push(set);
                }
                Err(_) => starts.extend(find(wanted)?.into_iter().map(|start| (place, start))),
            }
            variables.push((*name, urls));
        }
        let (places, starts): (Vec<_>, Vec<_>) = starts.into_iter().unzip();
        let servers = all_at_once(starts)?;
        for (place, servers) in places.into_iter().zip(&servers) {
            variables[place].1.extend(servers.urls());
        }
        Ok(Self { variables, _servers: servers })
    }

    /// All of them: one that is empty stands for servers that were not asked for.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.variables.iter().map(|(name, urls)| (*name, urls.join(",")))
    }
}
