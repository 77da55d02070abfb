//! The ledger: colmig's own tables in the target database. Statements are the same everywhere, but for
//! the clock and the row lock, which the driver words.
//!
//! All times are milliseconds of the database's clock. There are no NULLs: nothing is 0 or ''.

use std::time::{Duration, Instant};

use colmig_core::dialect::Direction;
use colmig_core::hash;
use colmig_core::migration::{Change, Migration};
use colmig_core::problem::{FENCED, FORMAT_TOO_NEW, NO_LEDGER};
use colmig_core::progress::{Intent, Progress};
use colmig_core::vector::Vector;

use super::{DbError, Driver, Row, Trouble, Value, jittered, transaction};
use crate::Result;

/// The format that this version writes, and the newest that it understands.
pub(crate) const FORMAT: i64 = 1;

/// The tables. `touched` of the gate is the one harmless column that lets the application role lock the
/// row FOR SHARE. In a cluster it is what they write, and a second row is the fence.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS _colmig_gate (
        id bigint PRIMARY KEY, format bigint NOT NULL, epoch bigint NOT NULL,
        holder {text} NOT NULL, held_at bigint NOT NULL,
        timeline {text} NOT NULL, timeline_since bigint NOT NULL, touched bigint NOT NULL){table};
    CREATE TABLE IF NOT EXISTS _colmig_migration (
        project {key} NOT NULL, id {key} NOT NULL, ordinal bigint NOT NULL, parent {text} NOT NULL,
        hash {text} NOT NULL, files {text} NOT NULL, recorded_at bigint NOT NULL,
        PRIMARY KEY (project, id)){table};
    CREATE TABLE IF NOT EXISTS _colmig_change (
        project {key} NOT NULL, id {key} NOT NULL, migration {key} NOT NULL, ordinal bigint NOT NULL,
        title {text} NOT NULL, position bigint NOT NULL, piece bigint NOT NULL,
        floor bigint NOT NULL, ceil bigint NOT NULL, epoch bigint NOT NULL,
        intent {text} NOT NULL, direction {text} NOT NULL, moved_at bigint NOT NULL, moved_by {text} NOT NULL,
        body {text} NOT NULL,
        PRIMARY KEY (project, id)){table};
    CREATE TABLE IF NOT EXISTS _colmig_backfill (
        project {key} NOT NULL, change_id {key} NOT NULL, \"cursor\" {text} NOT NULL,
        rows_done bigint NOT NULL, batches bigint NOT NULL, started_at bigint NOT NULL, updated_at bigint NOT NULL,
        PRIMARY KEY (project, change_id)){table};
    CREATE TABLE IF NOT EXISTS _colmig_build (
        fingerprint {key} PRIMARY KEY, project {key} NOT NULL, \"vector\" {text} NOT NULL, first_seen bigint NOT NULL){table};
    CREATE TABLE IF NOT EXISTS _colmig_instance (
        id {key} PRIMARY KEY, fingerprint {key} NOT NULL, label {text} NOT NULL,
        started_at bigint NOT NULL, beat_at bigint NOT NULL, expires_at bigint NOT NULL){table};
    CREATE TABLE IF NOT EXISTS _colmig_watch (
        id bigint PRIMARY KEY, clean_since bigint NOT NULL, polled_at bigint NOT NULL, last_seen {text} NOT NULL,
        ignored {text} NOT NULL){table};
    CREATE TABLE IF NOT EXISTS _colmig_history (
        seq bigint PRIMARY KEY, project {key} NOT NULL, change_id {key} NOT NULL, step {text} NOT NULL,
        direction {text} NOT NULL, at bigint NOT NULL, by_user {text} NOT NULL, git_commit {text} NOT NULL,
        took_ms bigint NOT NULL, note {text} NOT NULL, hash {text} NOT NULL){table};
    INSERT INTO _colmig_gate VALUES (1, 1, 0, '', 0, '', 0, 0) {or_stay};
    INSERT INTO _colmig_watch VALUES (1, 0, 0, '', '[]') {or_stay};";

/// Which archives there are. A ledger that an older version made has no such table until the first archive:
/// the format is the same, since what an older version does to a change shows in the row that it writes (see
/// `window_since` in `archive.rs`).
const ARCHIVES: &str = "
    CREATE TABLE IF NOT EXISTS _colmig_archive (
        project {key} NOT NULL, change_id {key} NOT NULL, name {key} NOT NULL, source {text} NOT NULL,
        columns {text} NOT NULL, row_count bigint NOT NULL, window_since bigint NOT NULL, at bigint NOT NULL,
        restoring {text} NOT NULL,
        PRIMARY KEY (project, change_id)){table};";

/// The row of the gate's table that every transaction of an applier writes in a cluster, and each take-over. It is not
/// the gate's own: registrations write that one, and would lose against each batch of a backfill.
const FENCE: i64 = 2;

/// The gate row.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(crate) epoch: i64,
    pub(crate) holder: String,
    pub(crate) timeline: String,
    pub(crate) timeline_since: i64,
    pub(crate) now: i64,
}

/// A recorded migration.
#[derive(Clone, Debug)]
pub(crate) struct RecordedMigration {
    pub(crate) id: String,
    pub(crate) hash: String,
    pub(crate) files: String,
}

/// An instance and what its build does.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) started_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) live: bool,
    pub(crate) vector: Vector,
}

/// Progress of a backfill.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fill {
    /// The last key that is done; empty before the first batch.
    pub(crate) cursor: Row,
    pub(crate) rows_done: i64,
    pub(crate) batches: i64,
}

/// What is known of sessions that never registered.
#[derive(Clone, Debug)]
pub(crate) struct WatchRow {
    pub(crate) clean_since: i64,
    pub(crate) polled_at: i64,
    /// Names of clients that are known not to write, as the last `apply` was told: every instance that
    /// looks goes by the same list.
    pub(crate) ignored: Vec<String>,
    pub(crate) now: i64,
}

/// One line of the history.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) change: &'a str,
    pub(crate) step: String,
    pub(crate) direction: Direction,
    pub(crate) took_ms: i64,
    pub(crate) note: String,
}

/// One line of the history as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1 on.
    pub seq: i64,
    /// The project.
    pub project: String,
    /// The change.
    pub change: String,
    /// What was done: a step, or `archive`, `restore`, `purge`.
    pub step: String,
    /// `up` or `down`.
    pub direction: String,
    /// When, in milliseconds of the database's clock.
    pub at: i64,
    /// By whom.
    pub user: String,
    /// From which commit.
    pub commit: String,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// What else there is to say.
    pub note: String,
    hash: String,
}

impl Line {
    /// The hash of this line behind the one before.
    fn chained(&self, previous: &str) -> String {
        let Line { seq, at, user, took_ms, .. } = self;
        hash::of_text(&format!("{}\n{seq}\n{at}\n{user}\n{took_ms}", self.text(previous)))
    }

    /// The same as the first version made it, which left out number, time, user and duration.
    fn chained_before(&self, previous: &str) -> String {
        hash::of_text(&self.text(previous))
    }

    fn text(&self, previous: &str) -> String {
        let Line { project, change, step, direction, commit, note, .. } = self;
        format!("{previous}\n{project}\n{change}\n{step}\n{direction}\n{commit}\n{note}")
    }
}

/// The first line that does not follow from the one before: it, or what stood before it, was altered.
pub(crate) fn broken(lines: &[Line]) -> Option<i64> {
    let mut previous = "";
    for (expected, line) in (1..).zip(lines) {
        let follows =
            line.hash == line.chained(previous) || line.hash == line.chained_before(previous);
        if line.seq != expected || !follows {
            return Some(line.seq);
        }
        previous = &line.hash;
    }
    None
}

/// Who moves the ledger: project, epoch, and for the history the user and the commit.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    pub(crate) project: String,
    pub(crate) epoch: i64,
    pub(crate) user: String,
    pub(crate) commit: String,
}

pub(crate) fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data has a JSON form")
}

/// Makes the tables where they are missing.
pub(crate) async fn create(driver: &mut dyn Driver) -> Result<()> {
    make(driver, &format!("{TABLES}{ARCHIVES}")).await
}

/// Where these statements are no transaction, each of them may be repeated.
async fn make(driver: &mut dyn Driver, tables: &str) -> Result<()> {
    let spelling = driver.spelling();
    let tables = tables
        .replace("{key}", spelling.key)
        .replace("{text}", spelling.text)
        .replace("{table}", spelling.table)
        .replace("{or_stay}", &driver.on_conflict("id", &[]));
    transaction!(driver, super::Work::Rows, async { Ok(driver.script(&tables).await?) })
}

/// Makes the table of archives in a ledger that an older version made.
pub(crate) async fn create_archives(driver: &mut dyn Driver) -> Result<()> {
    make(driver, ARCHIVES).await
}

/// The gate row, or why there is none that this program understands.
pub(crate) async fn gate(driver: &mut dyn Driver, lock: &str) -> Result<Gate> {
    let sql = format!(
        "SELECT format, epoch, holder, timeline, timeline_since, {} FROM _colmig_gate WHERE id = 1{lock}",
        driver.now()
    );
    let rows = match driver.rows(&sql, &[]).await {
        Err(error) if error.trouble == Trouble::NoTable => Vec::new(),
        other => other?,
    };
    let Some(row) = rows.first() else {
        return Err(NO_LEDGER
            .problem("this database has no ledger: colmig has never been applied to it")
            .help("run `cargo colmig apply` with this database's URL first")
            .into());
    };
    if row[0].int() > FORMAT {
        return Err(FORMAT_TOO_NEW
            .problem(format!(
                "the ledger has format {}; this colmig understands up to {FORMAT}",
                row[0].int()
            ))
            .help("use the colmig that made it, or a newer one")
            .into());
    }
    Ok(Gate {
        epoch: row[1].int(),
        holder: row[2].text().to_owned(),
        timeline: row[3].text().to_owned(),
        timeline_since: row[4].int(),
        now: row[5].int(),
    })
}

/// Locks the gate row, for the applier or (shared) for a registration. In a cluster the lock is of one server, so the row
/// is written: who locks it meanwhile on another one loses, and looks again.
pub(crate) async fn lock(driver: &mut dyn Driver, shared: bool) -> Result<Gate> {
    let lock = driver.gate_lock(shared);
    let locked = gate(driver, lock).await?;
    if driver.is_cluster() {
        driver.run("UPDATE _colmig_gate SET touched = touched + 1 WHERE id = 1", &[]).await?;
    }
    Ok(locked)
}

/// How long registrations stand back for an applier, in milliseconds, and for how long each of them does at most.
const RESERVED: i64 = 2_000;

/// In a cluster, before a transaction that locks the gate row for longer than a registration does: each that is committed
/// meanwhile on another server would make it lose. So they stand back until the next fenced transaction is committed, or
/// for as long as is said here. It is a courtesy: what makes it safe is that both write the row.
pub(crate) async fn reserve(driver: &mut dyn Driver, epoch: i64) -> Result<()> {
    if driver.is_cluster() {
        let now = driver.now();
        let sql = format!(
            "UPDATE _colmig_gate SET held_at = {now} + {RESERVED} WHERE id = {FENCE} AND epoch = $1"
        );
        driver.run(&sql, &[epoch.into()]).await?;
    }
    Ok(())
}

/// The other side of it: what a registration does first.
pub(crate) async fn stand_back(driver: &mut dyn Driver) -> Result<()> {
    if !driver.is_cluster() {
        return Ok(());
    }
    let now = driver.now();
    let sql = format!("SELECT held_at - {now} FROM _colmig_gate WHERE id = {FENCE}");
    let began = Instant::now();
    while began.elapsed().as_millis() < RESERVED.unsigned_abs().into() {
        let left = match driver.rows(&sql, &[]).await {
            // There is no ledger, and the registration will say so.
            Err(error) if error.trouble == Trouble::NoTable => 0,
            rows => rows?.first().map_or(0, |row| row[0].int()),
        };
        if left <= 0 {
            break;
        }
        tokio::time::sleep(jittered(Duration::from_millis(50))).await;
    }
    Ok(())
}

/// Whether there is a ledger.
pub(crate) async fn exists(driver: &mut dyn Driver) -> Result<bool> {
    match gate(driver, "").await {
        Ok(_) => Ok(true),
        Err(crate::Error::Problem(problem)) if problem.code == NO_LEDGER => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes over the ledger: from now on every write of an older epoch is refused.
pub(crate) async fn take_over(driver: &mut dyn Driver, holder: &str) -> Result<i64> {
    transaction!(driver, super::Work::Rows, take_over_locked(driver, holder))
}

async fn take_over_locked(driver: &mut dyn Driver, holder: &str) -> Result<i64> {
    let epoch = lock(driver, false).await?.epoch + 1;
    let now = driver.now();
    let sql =
        format!("UPDATE _colmig_gate SET epoch = $1, holder = $2, held_at = {now} WHERE id = 1");
    driver.run(&sql, &[epoch.into(), holder.into()]).await?;
    if driver.is_cluster() {
        let or_raise = driver.on_conflict("id", &["epoch"]);
        let sql = format!(
            "INSERT INTO _colmig_gate VALUES ({FENCE}, {FORMAT}, $1, '', 0, '', 0, 0) {or_raise}"
        );
        driver.run(&sql, &[epoch.into()]).await?;
    }
    Ok(epoch)
}

/// Nobody is at work any more.
pub(crate) async fn let_go(driver: &mut dyn Driver, epoch: i64) -> Result<()> {
    driver
        .run("UPDATE _colmig_gate SET holder = '' WHERE id = 1 AND epoch = $1", &[epoch.into()])
        .await?;
    Ok(())
}

/// The fence (rule R17): inside a transaction, before its first write. The shared lock makes a take-over
/// wait for this transaction, and this transaction see every take-over before it.
pub(crate) async fn fence(driver: &mut dyn Driver, epoch: i64) -> Result<()> {
    let current = if driver.is_cluster() {
        let sql = format!(
            "UPDATE _colmig_gate SET touched = touched + 1, held_at = 0 WHERE id = {FENCE} AND epoch = $1"
        );
        if driver.run(&sql, &[epoch.into()]).await? == 1 {
            return Ok(());
        }
        gate(driver, "").await?
    } else {
        let lock = driver.gate_lock(true);
        gate(driver, lock).await?
    };
    is_latest(&current, epoch)
}

/// The same before a statement that is in no transaction of ours, where the session lock keeps appliers on other servers
/// out only as long as its own server is part of the cluster.
pub(crate) async fn check_epoch(driver: &mut dyn Driver, epoch: i64) -> Result<()> {
    if !driver.is_cluster() {
        return Ok(());
    }
    let current = gate(driver, "").await?;
    is_latest(&current, epoch)
}

fn is_latest(current: &Gate, epoch: i64) -> Result<()> {
    if current.epoch == epoch {
        return Ok(());
    }
    Err(FENCED
        .problem(format!("another apply took over while this one was stalled: {}", current.holder))
        .help("nothing was changed by this one since; see `cargo colmig status`")
        .into())
}

/// Commits a mark that replicas will show; the caller holds the gate row. `touched` is there for being written, and
/// nobody reads anything else into it.
pub(crate) async fn mark(driver: &mut dyn Driver, mark: i64) -> Result<()> {
    driver.run("UPDATE _colmig_gate SET touched = $1 WHERE id = 1", &[mark.into()]).await?;
    Ok(())
}

/// The mark that this server has, if it has a ledger.
pub(crate) async fn last_mark(driver: &mut dyn Driver) -> Result<Option<i64>, DbError> {
    match driver.rows("SELECT touched FROM _colmig_gate WHERE id = 1", &[]).await {
        Err(error) if error.trouble == Trouble::NoTable => Ok(None),
        other => Ok(other?.first().map(|row| row[0].int())),
    }
}

/// The last line of the history, its number and its hash, if there is one.
pub(crate) async fn last_line(driver: &mut dyn Driver) -> Result<Option<(i64, String)>, DbError> {
    let sql = "SELECT seq, hash FROM _colmig_history ORDER BY seq DESC LIMIT 1";
    match driver.rows(sql, &[]).await {
        Err(error) if error.trouble == Trouble::NoTable => Ok(None),
        other => Ok(other?.first().map(|row| (row[0].int(), row[1].text().to_owned()))),
    }
}

/// Whether the history has this line.
pub(crate) async fn has_line(driver: &mut dyn Driver, seq: i64, hash: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM _colmig_history WHERE seq = $1 AND hash = $2";
    Ok(!driver.rows(sql, &[seq.into(), hash.into()]).await?.is_empty())
}

/// Writes down which timeline the server has when the ledger is made: another one that is met later was promoted
/// since.
pub(crate) async fn first_timeline(driver: &mut dyn Driver, timeline: &str) -> Result<()> {
    let sql = "UPDATE _colmig_gate SET timeline = $1 WHERE id = 1 AND timeline = ''";
    driver.run(sql, &[timeline.into()]).await?;
    Ok(())
}

/// Remembers the server's timeline; since when it has been this one, in milliseconds.
pub(crate) async fn timeline(
    driver: &mut dyn Driver,
    gate: &Gate,
    started: i64,
    timeline: &str,
) -> Result<i64> {
    if timeline.is_empty() {
        return Ok(started);
    }
    if gate.timeline == timeline {
        return Ok(started.max(gate.timeline_since));
    }
    // Where none is written down, an older version made the ledger, and this server may be promoted too.
    driver
        .run(
            "UPDATE _colmig_gate SET timeline = $1, timeline_since = $2 WHERE id = 1",
            &[timeline.into(), gate.now.into()],
        )
        .await?;
    Ok(started.max(gate.now))
}

/// The migrations of one project, in the order in which they were recorded.
pub(crate) async fn migrations(
    driver: &mut dyn Driver,
    project: &str,
) -> Result<Vec<RecordedMigration>> {
    let sql = "SELECT id, hash, files FROM _colmig_migration WHERE project = $1 ORDER BY ordinal";
    let rows = driver.rows(sql, &[project.into()]).await?;
    let text = |row: &Row, index: usize| row[index].text().to_owned();
    Ok(rows
        .iter()
        .map(|row| RecordedMigration { id: text(row, 0), hash: text(row, 1), files: text(row, 2) })
        .collect())
}

/// Records a migration and its changes, none of them started; replaces one that never started.
pub(crate) async fn record(
    driver: &mut dyn Driver,
    author: &Author,
    migration: &Migration,
    ordinal: i64,
) -> Result<()> {
    let id = &migration.manifest.id;
    let key = [author.project.as_str().into(), id.as_str().into()];
    driver.run("DELETE FROM _colmig_change WHERE project = $1 AND migration = $2", &key).await?;
    driver.run("DELETE FROM _colmig_migration WHERE project = $1 AND id = $2", &key).await?;
    let sql =
        format!("INSERT INTO _colmig_migration VALUES ($1, $2, $3, $4, $5, $6, {})", driver.now());
    let parameters = [
        author.project.as_str().into(),
        id.as_str().into(),
        ordinal.into(),
        migration.manifest.parent.as_str().into(),
        migration.hash().into(),
        migration.pack().into(),
    ];
    driver.run(&sql, &parameters).await?;
    for (place, change) in (0..).zip(&migration.manifest.changes) {
        let sql = "INSERT INTO _colmig_change VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, $6, '', 'up', 0, '', $7)";
        let parameters = [
            author.project.as_str().into(),
            change.id.as_str().into(),
            id.as_str().into(),
            (ordinal * 1000 + place).into(),
            change.title().into(),
            author.epoch.into(),
            json(change).into(),
        ];
        driver.run(sql, &parameters).await?;
    }
    Ok(())
}

/// Forgets a migration that never started.
pub(crate) async fn forget(driver: &mut dyn Driver, project: &str, id: &str) -> Result<()> {
    let key = [project.into(), id.into()];
    driver.run("DELETE FROM _colmig_change WHERE project = $1 AND migration = $2", &key).await?;
    driver.run("DELETE FROM _colmig_migration WHERE project = $1 AND id = $2", &key).await?;
    Ok(())
}

/// Every change, of one project or (for a registration) of all, in order.
pub(crate) async fn changes(
    driver: &mut dyn Driver,
    project: Option<&str>,
) -> Result<Vec<Progress>> {
    let filter = if project.is_some() { " WHERE project = $1" } else { "" };
    let sql = format!(
        "SELECT body, migration, position, piece, direction, moved_at, moved_by, intent FROM _colmig_change{filter} ORDER BY project, ordinal"
    );
    let parameters: Vec<Value> = project.map(Value::from).into_iter().collect();
    let rows = driver.rows(&sql, &parameters).await?;
    rows.iter().map(progress).collect()
}

fn progress(row: &Row) -> Result<Progress> {
    let change: Change = serde_json::from_str(row[0].text()).map_err(|error| {
        FORMAT_TOO_NEW
            .problem(format!("a change in the ledger is not understood: {error}"))
            .help("it was made by a newer colmig: use that one, or a newer one")
    })?;
    let number = |value: &Value| usize::try_from(value.int()).unwrap_or(0);
    let intent = Intent::of_word(row[7].text()).ok_or_else(|| {
        FORMAT_TOO_NEW
            .problem(format!("an intent in the ledger is not understood: `{}`", row[7].text()))
            .help("it was written by another version of colmig: use that one, or a newer one")
    })?;
    Ok(Progress {
        change,
        migration: row[1].text().to_owned(),
        position: number(&row[2]),
        piece: number(&row[3]),
        direction: if row[4].text() == "down" { Direction::Down } else { Direction::Up },
        moved_at: row[5].int(),
        moved_by: row[6].text().to_owned(),
        intent,
    })
}

/// Writes where a change stands now; the caller has fenced the transaction.
pub(crate) async fn set_progress(
    driver: &mut dyn Driver,
    author: &Author,
    row: &Progress,
    window_moved: bool,
) -> Result<()> {
    let now = driver.now();
    let moved =
        if window_moved { format!(", moved_at = {now}, moved_by = $9") } else { String::new() };
    let sql = format!(
        "UPDATE _colmig_change SET position = $1, piece = $2, floor = $3, ceil = $4, epoch = $5, intent = $6, direction = $7{moved}
         WHERE project = $8 AND id = $10"
    );
    // SQLite wants every number up to the highest to be used; PostgreSQL wants each to have a type.
    let sql = if window_moved { sql } else { sql.replace("$10", "$9") };
    let window = row.window();
    let mut parameters: Vec<Value> = vec![
        (row.position as i64).into(),
        (row.piece as i64).into(),
        window.map_or(0, |w| i64::from(w.floor)).into(),
        window.map_or(0, |w| i64::from(w.ceil)).into(),
        author.epoch.into(),
        row.intent.word().into(),
        direction_word(row.direction).into(),
        author.project.as_str().into(),
    ];
    if window_moved {
        parameters.push(author.commit.as_str().into());
    }
    parameters.push(row.change.id.as_str().into());
    driver.run(&sql, &parameters).await?;
    Ok(())
}

/// Appends to the history; each line holds the hash of the one before.
pub(crate) async fn remember(
    driver: &mut dyn Driver,
    author: &Author,
    entry: &Entry<'_>,
) -> Result<()> {
    let sql = format!(
        "SELECT {}, h.seq, h.hash FROM (SELECT 1) AS one
         LEFT JOIN (SELECT seq, hash FROM _colmig_history ORDER BY seq DESC LIMIT 1) AS h ON 1 = 1",
        driver.now()
    );
    let rows = driver.rows(&sql, &[]).await?;
    let last = rows.first().ok_or_else(|| DbError::other("the clock does not answer"))?;
    let mut line = Line {
        seq: last[1].int() + 1,
        project: author.project.clone(),
        change: entry.change.to_owned(),
        step: entry.step.clone(),
        direction: direction_word(entry.direction).to_owned(),
        at: last[0].int(),
        user: author.user.clone(),
        commit: author.commit.clone(),
        took_ms: entry.took_ms,
        note: entry.note.clone(),
        hash: String::new(),
    };
    line.hash = line.chained(last[2].text());
    let sql = "INSERT INTO _colmig_history VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let parameters = [
        line.seq.into(),
        line.project.into(),
        line.change.into(),
        line.step.into(),
        line.direction.into(),
        line.at.into(),
        line.user.into(),
        line.commit.into(),
        line.took_ms.into(),
        line.note.into(),
        line.hash.into(),
    ];
    driver.run(sql, &parameters).await?;
    Ok(())
}

/// Every line of the history, of all projects: they form one chain.
pub(crate) async fn history(driver: &mut dyn Driver) -> Result<Vec<Line>> {
    let sql = "SELECT seq, project, change_id, step, direction, at, by_user, git_commit, took_ms, note, hash
               FROM _colmig_history ORDER BY seq";
    let rows = driver.rows(sql, &[]).await?;
    let text = |value: &Value| value.text().to_owned();
    let line = |row: &Row| Line {
        seq: row[0].int(),
        project: text(&row[1]),
        change: text(&row[2]),
        step: text(&row[3]),
        direction: text(&row[4]),
        at: row[5].int(),
        user: text(&row[6]),
        commit: text(&row[7]),
        took_ms: row[8].int(),
        note: text(&row[9]),
        hash: text(&row[10]),
    };
    Ok(rows.iter().map(line).collect())
}

/// How far a backfill has come.
pub(crate) async fn fill(driver: &mut dyn Driver, project: &str, change: &str) -> Result<Fill> {
    let sql = "SELECT \"cursor\", rows_done, batches FROM _colmig_backfill WHERE project = $1 AND change_id = $2";
    let rows = driver.rows(sql, &[project.into(), change.into()]).await?;
    let Some(row) = rows.first() else { return Ok(Fill::default()) };
    let cursor =
        serde_json::from_str(row[0].text()).map_err(|error| DbError::other(error.to_string()))?;
    Ok(Fill { cursor, rows_done: row[1].int(), batches: row[2].int() })
}

/// Saves it, in the batch's own transaction (rule R18).
pub(crate) async fn save_fill(
    driver: &mut dyn Driver,
    project: &str,
    change: &str,
    fill: &Fill,
) -> Result<()> {
    let now = driver.now();
    let columns = ["\"cursor\"", "rows_done", "batches", "updated_at"];
    let or_go_on = driver.on_conflict("project, change_id", &columns);
    let sql = format!(
        "INSERT INTO _colmig_backfill VALUES ($1, $2, $3, $4, $5, {now}, {now}) {or_go_on}"
    );
    let parameters = [
        project.into(),
        change.into(),
        json(&fill.cursor).into(),
        fill.rows_done.into(),
        fill.batches.into(),
    ];
    driver.run(&sql, &parameters).await?;
    Ok(())
}

/// Voids it: ignorant writers come back in (rule R20), or the fill is over.
pub(crate) async fn void_fill(driver: &mut dyn Driver, project: &str, change: &str) -> Result<()> {
    // Where it walks several tables, each has a cursor of its own: `0005.1/users.mood`.
    let sql = "DELETE FROM _colmig_backfill WHERE project = $1 AND (change_id = $2 OR change_id LIKE $2 || '/%')";
    driver.run(sql, &[project.into(), change.into()]).await?;
    Ok(())
}

/// Registers an instance, or renews it after a new judgement. One statement each, upserts.
pub(crate) async fn register(
    driver: &mut dyn Driver,
    instance: &str,
    label: &str,
    vector: &Vector,
    ttl_ms: i64,
) -> Result<()> {
    let now = driver.now();
    let fingerprint = vector.fingerprint();
    let or_stay = driver.on_conflict("fingerprint", &[]);
    let sql = format!("INSERT INTO _colmig_build VALUES ($1, $2, $3, {now}) {or_stay}");
    let parameters =
        [fingerprint.as_str().into(), vector.project.as_str().into(), json(vector).into()];
    driver.run(&sql, &parameters).await?;
    let or_renew = driver.on_conflict("id", &["beat_at", "expires_at"]);
    let sql = format!(
        "INSERT INTO _colmig_instance VALUES ($1, $2, $3, {now}, {now}, {now} + $4) {or_renew}"
    );
    let parameters = [instance.into(), fingerprint.into(), label.into(), ttl_ms.into()];
    driver.run(&sql, &parameters).await?;
    Ok(())
}

/// Renews a lease that is still valid; whether it was.
pub(crate) async fn beat(driver: &mut dyn Driver, instance: &str, ttl_ms: i64) -> Result<bool> {
    let now = driver.now();
    let sql = format!(
        "UPDATE _colmig_instance SET beat_at = {now}, expires_at = {now} + $2 WHERE id = $1 AND expires_at > {now}"
    );
    Ok(driver.run(&sql, &[instance.into(), ttl_ms.into()]).await? == 1)
}

/// Ends a lease now.
pub(crate) async fn end(driver: &mut dyn Driver, instance: &str) -> Result<()> {
    let now = driver.now();
    let sql = format!(
        "UPDATE _colmig_instance SET expires_at = {now} WHERE id = $1 AND expires_at > {now}"
    );
    driver.run(&sql, &[instance.into()]).await?;
    Ok(())
}

/// Every instance that is remembered.
pub(crate) async fn instances(driver: &mut dyn Driver) -> Result<Vec<Instance>> {
    let sql = format!(
        "SELECT i.id, i.label, i.started_at, i.expires_at, CASE WHEN i.expires_at > {} THEN 1 ELSE 0 END, b.\"vector\"
         FROM _colmig_instance i JOIN _colmig_build b ON b.fingerprint = i.fingerprint ORDER BY i.started_at, i.id",
        driver.now()
    );
    let rows = driver.rows(&sql, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Instance {
                id: row[0].text().to_owned(),
                label: row[1].text().to_owned(),
                started_at: row[2].int(),
                expires_at: row[3].int(),
                live: row[4].int() == 1,
                vector: vector(row[5].text())?,
            })
        })
        .collect()
}

/// Forgets instances that ended longer than a week ago: longer than any soak.
pub(crate) async fn forget_instances(driver: &mut dyn Driver) -> Result<()> {
    let sql =
        format!("DELETE FROM _colmig_instance WHERE expires_at < {} - 604800000", driver.now());
    driver.run(&sql, &[]).await?;
    Ok(())
}

/// What every build that ever ran does.
pub(crate) async fn builds(driver: &mut dyn Driver) -> Result<Vec<Vector>> {
    let rows = driver.rows("SELECT \"vector\" FROM _colmig_build", &[]).await?;
    rows.iter().map(|row| vector(row[0].text())).collect()
}

fn vector(text: &str) -> Result<Vector> {
    let parsed = serde_json::from_str(text).map_err(|error| {
        FORMAT_TOO_NEW
            .problem(format!("a build in the ledger is not understood: {error}"))
            .help("use a newer colmig")
    });
    Ok(parsed?)
}

/// The record of the watch for sessions that never registered.
pub(crate) async fn watch(driver: &mut dyn Driver) -> Result<WatchRow> {
    let sql = format!(
        "SELECT clean_since, polled_at, ignored, {} FROM _colmig_watch WHERE id = 1",
        driver.now()
    );
    let rows = driver.rows(&sql, &[]).await?;
    let row = rows.first().ok_or_else(|| DbError::other("the ledger's watch row is missing"))?;
    let ignored =
        serde_json::from_str(row[2].text()).map_err(|error| DbError::other(error.to_string()))?;
    Ok(WatchRow { clean_since: row[0].int(), polled_at: row[1].int(), ignored, now: row[3].int() })
}

/// Writes down which clients are known not to write.
pub(crate) async fn set_ignored(driver: &mut dyn Driver, names: &[String]) -> Result<()> {
    let sql = "UPDATE _colmig_watch SET ignored = $1 WHERE id = 1 AND ignored <> $1";
    driver.run(sql, &[json(&names).into()]).await?;
    Ok(())
}

/// Records one look. A gap longer than `gap_ms` between two looks begins the record anew: in between,
/// anybody could have been there.
pub(crate) async fn record_watch(driver: &mut dyn Driver, seen: &str, gap_ms: i64) -> Result<()> {
    let now = driver.now();
    let sql = format!(
        "UPDATE _colmig_watch SET
            clean_since = CASE WHEN $1 <> '' THEN 0
                               WHEN clean_since = 0 OR polled_at < {now} - $2 THEN {now}
                               ELSE clean_since END,
            polled_at = {now}, last_seen = CASE WHEN $1 <> '' THEN $1 ELSE last_seen END
         WHERE id = 1"
    );
    driver.run(&sql, &[seen.into(), gap_ms.into()]).await?;
    Ok(())
}

/// Whether a table has no row.
pub(crate) async fn is_empty(driver: &mut dyn Driver, table: &str) -> Result<bool> {
    let sql = format!("SELECT 1 FROM {} LIMIT 1", colmig_core::ident::quote(table));
    match driver.rows(&sql, &[]).await {
        Ok(rows) => Ok(rows.is_empty()),
        Err(error) if error.trouble == Trouble::NoTable => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// At how many values a count of what would be lost ends: nobody waits for the exact number.
const MANY: i64 = 1_000_000;

/// How many rows have a value in any of these columns (or are there at all, without columns), in words; empty for
/// none, and for columns that are not there.
pub(crate) async fn values(
    driver: &mut dyn Driver,
    table: &str,
    columns: &[&String],
) -> Result<String> {
    let any: Vec<_> =
        columns.iter().map(|c| format!("{} IS NOT NULL", colmig_core::ident::quote(c))).collect();
    let filter =
        if any.is_empty() { String::new() } else { format!(" WHERE {}", any.join(" OR ")) };
    let table = colmig_core::ident::quote(table);
    let sql =
        format!("SELECT count(*) FROM (SELECT 1 FROM {table}{filter} LIMIT {}) AS n", MANY + 1);
    Ok(match driver.rows(&sql, &[]).await {
        Ok(rows) => match rows.first().map_or(0, |row| row[0].int()) {
            0 => String::new(),
            count if count > MANY => format!("more than {MANY} rows"),
            count => colmig_core::backfill::rows(count),
        },
        Err(error) if matches!(error.trouble, Trouble::NoTable | Trouble::Other) => String::new(),
        Err(error) => return Err(error.into()),
    })
}

/// When a change last did a step forwards; 0: the history does not say.
pub(crate) async fn last_done(
    driver: &mut dyn Driver,
    project: &str,
    change: &str,
    step: &str,
) -> Result<i64> {
    let sql = "SELECT coalesce(max(at), 0) FROM _colmig_history
               WHERE project = $1 AND change_id = $2 AND step = $3 AND direction = 'up'";
    let rows = driver.rows(sql, &[project.into(), change.into(), step.into()]).await?;
    Ok(rows.first().map_or(0, |row| row[0].int()))
}

/// One number, as `count(*)` gives it.
pub(crate) async fn count(driver: &mut dyn Driver, sql: &str) -> Result<i64> {
    Ok(driver.rows(sql, &[]).await?.first().map_or(0, |row| row[0].int()))
}
