//! A command's work on a database: an applier with the environment's policy, told what it does, and
//! stopped by Ctrl-C at a checkpoint.

use std::future::Future;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use colmig::migrator::{Migrator, Options, Replica};
use colmig_core::problem::{CONFIG, STATEMENT};
use colmig_core::vector::Vector;
use tokio::runtime::Runtime;

use crate::config::{self, Environment, Target};
use crate::context::Context;
use crate::report::{Failure, Result};

/// What the command line says about a run.
#[derive(Clone, Debug, Default)]
pub struct Consent {
    /// `--allow-drop`.
    pub allow_drop: Vec<String>,
    /// `--allow-rewrite`.
    pub allow_rewrite: Vec<String>,
    /// `--archive`.
    pub archive: bool,
    /// `--assume-no-fleet`.
    pub assume_no_fleet: bool,
    /// How long to wait for another applier or for old transactions.
    pub patience: Option<Duration>,
}

/// A connected applier and what drives it.
pub struct Session {
    /// The applier.
    pub migrator: Migrator,
    /// Set when the user wants to stop.
    pub stop: Arc<AtomicBool>,
    runtime: Runtime,
}

/// How long a run waits for another applier, or for transactions that are older than a window's move.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a run tries for a table lock.
const LOCK_PATIENCE: Duration = Duration::from_secs(120);

impl Session {
    /// Connects to the environment's one database; nothing is changed. `what` is what the command line asks for, where
    /// it would have to say which of several is meant.
    pub fn open(context: &Context, what: &str, consent: &Consent) -> Result<Session> {
        let environment = context.environment()?;
        let target = environment.only(what)?;
        let stop = Arc::new(AtomicBool::new(false));
        let mut options = options(context, &environment, consent, &stop);
        options.replicas = replicas(target);
        let runtime = runtime()?;
        let connecting = Migrator::connect(target.url.expose(), options);
        let migrator = runtime.block_on(connecting).map_err(failure)?;
        Ok(Session { migrator, stop, runtime })
    }

    /// Runs a part of the command's work; a Ctrl-C (or a SIGTERM, as containers send it) meanwhile asks it to stop at its next checkpoint.
    pub fn run<'a, T, F>(&'a mut self, work: impl FnOnce(&'a mut Migrator) -> F) -> Result<T>
    where
        F: Future<Output = colmig::Result<T>> + 'a,
    {
        let work = work(&mut self.migrator);
        until_done(&self.runtime, &self.stop, work).map_err(failure)
    }

    /// Sleeps, unless the user wants to stop; whether the whole time passed.
    pub fn pause(&self, time: Duration) -> bool {
        pause(&self.runtime, &self.stop, time)
    }
}

/// The replicas of a target, as its applier is told of them.
pub(crate) fn replicas(target: &Target) -> Vec<Replica> {
    let replica = |replica: &config::Replica| Replica {
        name: replica.name.clone(),
        url: replica.url.expose().to_owned(),
    };
    target.replicas.iter().map(replica).collect()
}

/// What an applier of the environment is told, whichever of its targets it works on.
pub(crate) fn options(
    context: &Context,
    environment: &Environment,
    consent: &Consent,
    stop: &Arc<AtomicBool>,
) -> Options {
    Options {
        project: context.lock.project.clone(),
        migrations: context.migrations.clone(),
        checkout: Vector::of_schema(&context.lock.project, &context.lock.schema),
        policy: environment.policy(consent.assume_no_fleet),
        ignore_clients: environment.ignore_clients.clone(),
        allow_drop: consent.allow_drop.clone(),
        allow_rewrite: consent.allow_rewrite.clone(),
        archive: consent.archive || environment.archive,
        user: user(),
        commit: commit(context.project.root().as_str()),
        replicas: Vec::new(),
        max_replica_lag: Duration::from_millis(environment.max_replica_lag_ms.unsigned_abs()),
        patience: consent.patience.unwrap_or(PATIENCE),
        lock_patience: LOCK_PATIENCE,
        stop: stop.clone(),
    }
}

/// What drives the connections.
pub(crate) fn runtime() -> Result<Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(|error| CONFIG.problem(format!("no async runtime: {error}")))?)
}

/// Waits for work; a Ctrl-C (or a SIGTERM, as containers send it) meanwhile asks it to stop at its next checkpoint.
pub(crate) fn until_done<T>(
    runtime: &Runtime,
    stop: &AtomicBool,
    work: impl Future<Output = T>,
) -> T {
    runtime.block_on(async {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = asked_to_stop() => stop.store(true, Ordering::SeqCst),
            }
        }
    })
}

/// Sleeps, unless the user wants to stop; whether the whole time passed.
pub(crate) fn pause(runtime: &Runtime, stop: &AtomicBool, time: Duration) -> bool {
    runtime.block_on(async {
        tokio::select! {
            () = tokio::time::sleep(time) => true,
            () = asked_to_stop() => {
                stop.store(true, Ordering::SeqCst);
                false
            }
        }
    })
}

/// Ends when the user, or whoever runs the program for them, wants it to stop. Where no signal can be heard it
/// never ends.
async fn asked_to_stop() {
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<Option<()>>();
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}

/// The library's error as the command line reports it.
pub fn failure(error: colmig::Error) -> Failure {
    match error {
        colmig::Error::Problem(problem) => problem.into(),
        other => STATEMENT.problem(other.to_string()).into(),
    }
}

/// Who runs it, for the history.
fn user() -> String {
    let name = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    let name = name.filter(|name| !name.is_empty());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.unwrap_or_else(|| "somebody".to_owned());
    if host.trim().is_empty() { name } else { format!("{name}@{}", host.trim()) }
}

/// The commit of the checkout, for refusals months later; nothing where there is no git.
fn commit(root: &str) -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else { return String::new() };
    match git(&["status", "--porcelain", "--", "."]) {
        Some(changes) if changes.is_empty() => commit,
        _ => format!("{commit} with uncommitted changes"),
    }
}
