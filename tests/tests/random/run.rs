//! Going through the releases of a pair on one database.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use colmig::migrator::{Migrator, Report};
use colmig_core::admission::{Refusal, judge};
use colmig_core::advance::{Next, next};
use colmig_core::catalog::Catalog;
use colmig_core::ident::quote;
use colmig_core::lock::Lock;
use colmig_core::migration::{Change, Migration};
use colmig_core::problem::{Code, NO_RETURN, Problem};
use colmig_core::progress::Progress;
use colmig_core::protocol::{Act, ChangeKind};
use colmig_core::schema::{Column, Table};
use colmig_core::types::Database;
use colmig_core::vector::Vector;
use colmig_tests::project::Project;

use crate::chance::Chance;
use crate::client::Client;
use crate::pair::Pair;
use crate::release::{Past, Statements, past};
use crate::values::on;

/// How many rows a filled table has.
const ROWS: usize = 9;

/// Rows that releases insert are made of numbers from here on.
const LATER: usize = 500;

/// The pair is none: the generator made an edit that `generate` refuses.
#[derive(Debug)]
pub(crate) struct Illegal(pub(crate) String);

impl std::fmt::Display for Illegal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Illegal {}

/// One pair on one database.
pub(crate) struct Run<'a> {
    pair: &'a Pair,
    client: &'a mut Client,
    chance: Chance,
    /// The tables of each release, as its source has them.
    releases: Vec<Vec<Table>>,
    /// By table.
    pasts: BTreeMap<String, Past>,
    /// The checkout of each release.
    projects: Vec<Project>,
    /// What each release does.
    vectors: Vec<Vector>,
    /// The catalog of a database on which the target was created directly.
    target: BTreeSet<String>,
    /// Steps that were taken.
    pub(crate) steps: usize,
    /// The number of the next row.
    next: usize,
}

/// Rows as text, by table and key.
type Rows = BTreeMap<String, String>;

/// How often every release speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// After each step.
    Steps,
    /// After all that one release does.
    Releases,
}

/// How far a release is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Advance {
    /// To the floors that rise: so far, `apply` comes while only the release before is live.
    ToTheGates,
    /// Only what was begun is taken back that is given up: nobody who knows it is live any more, and nobody else is
    /// let in before all of it is gone.
    Back,
    /// As far as it goes.
    Through,
}

/// What may be dropped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consent {
    Nothing,
    /// What a change drops at its end, or gives up.
    Drops,
    /// The tables that were created on the way, when they go with undo.
    Undo,
}

/// What is read of the rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Rows of the source, as they have to be at the end.
    Ends,
    /// The same where the target comes at once.
    AtOnce,
    /// Rows of the target.
    Target,
    /// Rows of the source, as they are after all is undone: with the repairs.
    Undone,
}

impl<'a> Run<'a> {
    /// Generates every release, and creates the target directly, to look at it.
    pub(crate) async fn new(pair: &'a Pair, client: &'a mut Client, seed: u64) -> Result<Run<'a>> {
        let releases: Vec<_> = (0..=pair.last()).map(|number| pair.release(number)).collect();
        let mut nothing = Project::new();
        nothing.lock.databases = vec![client.db];
        let mut projects = vec![edited(&nothing, &releases[0])?];
        for tables in &releases[1..] {
            projects.push(edited(&projects[projects.len() - 1], tables)?);
        }
        client.clear().await?;
        let last = releases.last().expect("there is a release");
        let direct = edited(&nothing, last)?;
        let report = Migrator::connect(&client.url, direct.options(&[])).await?.apply(None).await;
        report.map_err(|error| Illegal(format!("the target, created directly: {error}")))?;
        let target = client.catalog().await?;
        let of = |name: &str| -> Vec<&Table> {
            releases.iter().flatten().filter(|table| table.name == name).collect()
        };
        let names = releases.iter().flatten().map(|table| table.name.clone());
        let pasts = names.map(|name| (name.clone(), past(&of(&name)))).collect();
        let vector = |project: &Project| Vector::of_schema("shop", &project.lock.schema);
        let vectors = projects.iter().map(vector).collect();
        let (chance, steps, next) = (Chance::new(seed), 0, LATER);
        Ok(Run { pair, client, chance, releases, pasts, projects, vectors, target, steps, next })
    }

    /// Every way from the source to the target.
    pub(crate) async fn go(&mut self) -> Result<()> {
        self.on_empty_tables().await.context("release by release, empty")?;
        self.there_and_back().await.context("there and back, filled")?;
        let filled = self.chance.one_in(2) && !self.pair.is_chained();
        self.at_once(filled).await.with_context(|| match filled {
            true => "the last release at once, filled",
            false => "the last release on a fresh database",
        })
    }

    async fn on_empty_tables(&mut self) -> Result<()> {
        self.begin().await?;
        self.climb(Pace::Releases, Consent::Drops, false).await?;
        self.is_target().await
    }

    /// Up to the drops, back to the source, and then to the target.
    async fn there_and_back(&mut self) -> Result<()> {
        self.begin().await?;
        self.fill().await?;
        let source = self.client.catalog().await?;
        let (undone, mut ends) = (self.rows(Side::Undone).await?, self.rows(Side::Ends).await?);
        self.climb(Pace::Releases, Consent::Nothing, true).await.context("up to the drops")?;
        if self.back().await.context("back")? {
            same_catalog(&source, &self.client.catalog().await?).context("after undo")?;
            same_rows(&undone, &self.rows(Side::Undone).await?).context("after undo")?;
        }
        if (1..self.projects.len()).any(|number| self.gives_up(number)) {
            // What a database has taken back once it does not begin again (rule L17).
            self.begin().await?;
            self.fill().await?;
            ends = self.rows(Side::Ends).await?;
        }
        self.climb(Pace::Steps, Consent::Drops, true).await.context("up to the end")?;
        self.is_target().await?;
        same_rows(&ends, &self.rows(Side::Target).await?)
    }

    /// As a database that nobody took along for a few releases.
    async fn at_once(&mut self, filled: bool) -> Result<()> {
        let mut ends = Rows::new();
        match filled {
            true => {
                self.begin().await?;
                self.fill().await?;
                ends = self.rows(Side::AtOnce).await?;
            }
            false => self.client.clear().await?,
        }
        let last = self.projects.len() - 1;
        let mut migrator = self.migrator(last, Consent::Drops).await?;
        let report = migrator.apply(None).await?;
        self.steps += report.moved;
        is_done(&report)?;
        self.everybody(&progress(&report), false).await?;
        self.is_target().await?;
        same_rows(&ends, &self.rows(Side::Target).await?)
    }

    /// The source, and nothing else.
    async fn begin(&mut self) -> Result<()> {
        self.client.clear().await?;
        self.next = LATER;
        let report = self.migrator(0, Consent::Nothing).await?.apply(None).await?;
        is_done(&report).context("the source")
    }

    async fn fill(&mut self) -> Result<()> {
        for n in 1..=ROWS {
            for table in 0..self.releases[0].len() {
                let mut chance = self.chance.clone();
                let insert = self.statements(0, table).insert(&mut chance, n);
                self.chance = chance;
                self.client.run(&insert).await?;
            }
        }
        Ok(())
    }

    /// Release after release, as far as each goes.
    async fn climb(&mut self, pace: Pace, consent: Consent, commit: bool) -> Result<()> {
        let status = self.migrator(0, consent).await?.status().await?;
        let mut rows: Vec<Progress> = status.changes.into_iter().map(|(row, _)| row).collect();
        for number in 1..self.projects.len() {
            let mut migrator = self.migrator(number, consent).await?;
            if pace == Pace::Releases {
                let report =
                    migrator.apply(None).await.with_context(|| format!("release {number}"))?;
                self.steps += report.moved;
                let refusals = &report.refusals;
                if consent == Consent::Nothing && !refusals.is_empty() {
                    // It waits behind a drop, so nobody deploys it.
                    return Ok(());
                }
                ensure!(refusals.is_empty(), "release {number}: {refusals:?}");
                self.everybody(&progress(&report), commit).await?;
                continue;
            }
            // Before it is deployed nobody above its predecessor lives, so no floor rises to it.
            self.advance(number, &mut migrator, &mut rows, Advance::ToTheGates, commit).await?;
            let catalog = self.client.known().await?;
            // What is taken back is taken back in one go here, where no lease keeps windows open above.
            let live =
                if self.gives_up(number) { vec![number - 1] } else { vec![number - 1, number] };
            for release in live {
                let refusals = self.refusals(release, &rows, &catalog);
                let both = format!("while {} and {number} are live", number - 1);
                ensure!(refusals.is_empty(), "release {release} may not run {both}: {refusals:?}");
            }
            if self.gives_up(number) {
                self.advance(number, &mut migrator, &mut rows, Advance::Back, commit).await?;
                self.everybody(&rows, commit).await?;
            }
            self.advance(number, &mut migrator, &mut rows, Advance::Through, commit).await?;
            let report = migrator.apply(None).await.with_context(|| format!("release {number}"))?;
            ensure!(report.moved == 0, "release {number}: `apply` goes further than step by step");
            let refusals = &report.refusals;
            ensure!(refusals.is_empty(), "release {number}: {refusals:?}");
        }
        Ok(())
    }

    /// Whether a release takes back what one before it began.
    fn gives_up(&self, number: usize) -> bool {
        let before = self.projects[number - 1].migrations.len();
        let mut new = self.projects[number].migrations[before..].iter();
        new.any(|one| one.manifest.changes.iter().any(|change| change.kind == ChangeKind::Abandon))
    }

    /// Every change of a release, step by step; none before those that it follows, which `--to` would take along.
    async fn advance(
        &mut self,
        number: usize,
        migrator: &mut Migrator,
        rows: &mut Vec<Progress>,
        how_far: Advance,
        commit: bool,
    ) -> Result<()> {
        let mut ids = Vec::new();
        for migration in &self.projects[number].migrations {
            for change in &migration.manifest.changes {
                if rows.iter().all(|row| row.change.id != change.id) {
                    rows.push(Progress::of(change.clone(), &migration.manifest.id));
                }
                ids.push(change.id.clone());
            }
        }
        let mut moved = true;
        while std::mem::take(&mut moved) {
            for id in &ids {
                let index = rows.iter().position(|row| row.change.id == *id);
                let index = index.expect("every change has a row");
                while self.may_step(number, rows, index, how_far) {
                    let change = rows[index].change.clone();
                    let step = &change.steps[rows[index].position];
                    if how_far == Advance::ToTheGates && matches!(step.act, Act::Require(_)) {
                        break;
                    }
                    let to = format!("{}:{}", change.id, step.act);
                    let name = || format!("release {number}, {}: `{}`", change.title(), step.act);
                    let report = migrator.apply(Some(&to)).await.with_context(name)?;
                    *rows = progress(&report);
                    if report.short.is_some() {
                        break;
                    }
                    (moved, self.steps) = (true, self.steps + 1);
                    if how_far != Advance::Back {
                        self.everybody(rows, commit).await.with_context(name)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a change can go on by itself. One that takes another back begins with that.
    fn may_step(&self, number: usize, rows: &[Progress], index: usize, how_far: Advance) -> bool {
        let gives_up = rows[index].change.kind == ChangeKind::Abandon;
        match next(rows, index, &self.vectors[number]) {
            Next::Step => gives_up == (how_far == Advance::Back),
            Next::After(_) => gives_up && how_far == Advance::Back,
            _ => false,
        }
    }

    /// Undoes everything but the source; `false` where a drop of an empty table's column is in the way.
    async fn back(&mut self) -> Result<bool> {
        let last = self.projects.len() - 1;
        let before = self.projects[0].migrations.len();
        let Some(second) = self.projects[last].migrations.get(before) else { return Ok(false) };
        let number = second.number().to_owned();
        let mut migrator = self.migrator(last, Consent::Undo).await?;
        let report = match migrator.rollback(Some(&number), None).await {
            Err(error) if is(&error, NO_RETURN) => return Ok(false),
            other => other?,
        };
        for change in report.changes.iter().filter(|change| change.progress.started()) {
            let is_source = colmig_core::migration::number(&change.progress.migration) == "0001";
            ensure!(
                is_source,
                "{} is not undone: {:?}",
                change.progress.change.title(),
                change.wait
            );
        }
        self.everybody(&progress(&report), false).await?;
        Ok(true)
    }

    /// Every release that may run does what it does.
    async fn everybody(&mut self, rows: &[Progress], commit: bool) -> Result<()> {
        let catalog = self.client.known().await?;
        let mut order: Vec<usize> = (0..self.releases.len()).collect();
        self.chance.shuffle(&mut order);
        order.retain(|number| self.refusals(*number, rows, &catalog).is_empty());
        ensure!(!order.is_empty(), "no release may run");
        for number in &order {
            let name = || format!("statements of release {number}");
            self.speak(*number, commit).await.with_context(name)?;
        }
        for number in &order {
            for table in 0..self.releases[*number].len() {
                self.alike(&order, *number, table).await?;
            }
        }
        Ok(())
    }

    fn refusals(&self, number: usize, rows: &[Progress], catalog: &Catalog) -> Vec<Refusal> {
        judge(&self.vectors[number], rows, catalog)
    }

    /// One release inserts, updates and reads.
    async fn speak(&mut self, number: usize, commit: bool) -> Result<()> {
        let keeps = commit && (self.next < LATER + 40 || self.chance.one_in(2));
        let mut script = vec!["BEGIN".to_owned()];
        for table in 0..self.releases[number].len() {
            let (mut chance, n) = (self.chance.clone(), self.next);
            let statements = self.statements(number, table);
            script.push(statements.insert(&mut chance, n));
            let update = statements.update(&mut chance, n, n + 1);
            script.extend(update.filter(|_| chance.one_in(2)));
            self.chance = chance;
        }
        script.push(if keeps { "COMMIT" } else { "ROLLBACK" }.to_owned());
        self.client.run(&script.join(";\n")).await?;
        self.next += if keeps { 2 } else { 0 };
        ensure!(self.next < 1150, "the numbers of rows run out");
        for table in 0..self.releases[number].len() {
            let (select, required) = self.statements(number, table).select();
            self.client.read(&select, &required).await?;
        }
        Ok(())
    }

    /// While one release reads an old column and another what takes its place, both read the same.
    async fn alike(&mut self, admitted: &[usize], number: usize, table: usize) -> Result<()> {
        let table = &self.releases[number][table];
        let reads_old = |release: &usize| {
            let other = self.releases[*release].iter().find(|other| other.name == table.name);
            let reads = |name: &String| {
                let old = other.and_then(|other| other.column(name));
                old.is_some_and(|old| old.state.facts().reads)
            };
            table.columns.iter().flat_map(|column| &column.replaces).all(reads)
        };
        let statements = Statements { table, past: &self.pasts[&table.name], db: self.client.db };
        let Some(differing) = statements.differing().filter(|_| admitted.iter().any(reads_old))
        else {
            return Ok(());
        };
        let found = self.client.texts(&differing).await?;
        ensure!(found == ["0"], "{found:?} rows differ: {differing}");
        Ok(())
    }

    fn statements(&self, release: usize, table: usize) -> Statements<'_> {
        let table = &self.releases[release][table];
        Statements { table, past: &self.pasts[&table.name], db: self.client.db }
    }

    /// An applier that runs from a release's checkout.
    async fn migrator(&self, release: usize, consent: Consent) -> Result<Migrator> {
        let project = &self.projects[release];
        let created = changes(project).filter(|change| change.kind == ChangeKind::CreateTable);
        let names: Vec<String> = match consent {
            Consent::Nothing => Vec::new(),
            Consent::Drops => project.consents(),
            Consent::Undo => created.map(|change| change.table.clone()).collect(),
        };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Ok(Migrator::connect(&self.client.url, project.options(&names)).await?)
    }

    async fn is_target(&mut self) -> Result<()> {
        same_catalog(&self.target, &self.client.catalog().await?)
    }

    /// The rows of the source's tables.
    async fn rows(&mut self, side: Side) -> Result<Rows> {
        let db = self.client.db;
        let release = if side == Side::Undone { 0 } else { self.releases.len() - 1 };
        let mut rows = Rows::new();
        for story in self.pair.stories.iter().filter(|story| story.created == 0) {
            let table = self.releases[release].iter().find(|table| table.name == story.name);
            let Some(table) = table else { continue };
            let values = story.lives.iter().flat_map(|life| match side {
                Side::Undone => &life.undone,
                Side::AtOnce => &life.at_once,
                Side::Ends | Side::Target => &life.ends,
            });
            let values = values.map(|(name, text)| {
                let column = table.column(name).expect("what ends as a column is one");
                let text = match side {
                    Side::Target => quote(name),
                    Side::Ends | Side::AtOnce | Side::Undone => on(text, db).to_owned(),
                };
                format!(" || ' ' || {}", shown(column, &text, db))
            });
            let key = story.key.iter().map(|c| shown(c, &quote(&c.name), db));
            let key = key.collect::<Vec<_>>().join(" || ' ' || ");
            let values: String = values.collect();
            let sql = format!("SELECT {key} || '\u{1}'{values} FROM {}", quote(&story.name));
            for row in self.client.texts(&sql).await? {
                let (key, values) = row.split_once('\u{1}').context("a key and values")?;
                rows.insert(format!("{} {key}", story.name), values.to_owned());
            }
        }
        Ok(rows)
    }
}

/// A value as text, of the column's type.
fn shown(column: &Column, text: &str, db: Database) -> String {
    match db {
        Database::Postgres => {
            format!("coalesce(CAST({} AS text), 'NULL')", column.typed(db, text))
        }
        Database::Sqlite | Database::Mysql => format!("quote({text})"),
    }
}

fn changes(project: &Project) -> impl Iterator<Item = &Change> {
    project.migrations.iter().flat_map(|migration| &migration.manifest.changes)
}

fn progress(report: &Report) -> Vec<Progress> {
    report.changes.iter().map(|change| change.progress.clone()).collect()
}

fn is(error: &colmig::Error, code: &Code) -> bool {
    matches!(error, colmig::Error::Problem(problem) if problem.code == code)
}

fn is_done(report: &Report) -> Result<()> {
    let waits: Vec<_> = report.changes.iter().filter_map(|change| change.wait.as_ref()).collect();
    ensure!(report.finished(), "it is not finished: {waits:?}");
    ensure!(report.refusals.is_empty(), "it cannot be deployed: {:?}", report.refusals);
    Ok(())
}

fn same_catalog(expected: &BTreeSet<String>, found: &BTreeSet<String>) -> Result<()> {
    let missing: Vec<_> = expected.difference(found).collect();
    let extra: Vec<_> = found.difference(expected).collect();
    ensure!(expected == found, "the catalog differs: missing {missing:#?}, instead {extra:#?}");
    Ok(())
}

/// The rows are there with their values; others may have come.
fn same_rows(expected: &Rows, found: &Rows) -> Result<()> {
    for (key, values) in expected {
        let now = found.get(key);
        ensure!(now == Some(values), "the row {key} is to have {values}, and has {now:?}");
    }
    Ok(())
}

/// The next checkout: what the derive and `generate` check, and what they write to disk and read again.
fn edited(project: &Project, tables: &[Table]) -> Result<Project> {
    let illegal = |problem: &Problem| Illegal(problem.to_string());
    if let Some(problem) = project.mistakes(tables).first() {
        bail!(illegal(problem));
    }
    let mut next = project.declared(tables.to_vec()).map_err(|problems| illegal(&problems[0]))?;
    next.lock = Lock::parse(&next.lock.render())?;
    for migration in &mut next.migrations {
        let id = migration.manifest.id.clone();
        *migration = Migration::parse(&id, std::mem::take(&mut migration.files))?;
    }
    Ok(next)
}
