//! Each kind of change as people review it: the releases, the plan and every SQL file, in a folder a case.
//!
//! `snapshots/changes/CASE/` holds what a case is given, the source of `before.rs`, `release1.rs`, … and
//! `after.rs`, release by release, and what it comes to: `plan.txt`, as `cargo colmig plan` prints it, and
//! `sql/`, the files of the migration as `generate` wrote them. A step that SQLite makes from its live catalog is
//! beside its file as `….live.sql`: what it is on the database that the steps before it made.
//!
//! A release is generated with `cargo colmig generate`, unless its first line says how:
//! `// cargo colmig generate --name other`. Where a case writes a second migration, the files of that one are in
//! a folder of its number. A `colmig.toml` takes the place of the usual one. `COLMIG_SNAPSHOTS=write` writes what the cases come to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use colmig::migrator::Migrator;
use colmig_core::migration::{Change, MANIFEST, Migration};
use colmig_core::protocol::{CHANGES, ChangeKind};
use colmig_core::types::Database;
use colmig_tests::database::TestDatabase;
use colmig_tests::program::root;
use colmig_tests::project::block_on;
use colmig_tests::shop::{Shop, files_in};
use fs_err as fs;

/// What a case is configured by, where it is not the usual.
const CONFIG: &str = "colmig.toml";

/// The texts of files by their path in a case's folder.
type Files = BTreeMap<String, String>;

/// A kind without a case is one whose SQL nobody has reviewed.
#[test]
fn every_kind_of_change_is_as_its_folder_says() {
    let write = std::env::var_os("COLMIG_SNAPSHOTS").is_some();
    let (mut wrong, mut met) = (Vec::new(), Vec::new());
    for folder in cases() {
        let name = folder.file_name().expect("a folder has a name").to_string_lossy().into_owned();
        let case = Case::run(&folder).unwrap_or_else(|error| panic!("{name}: {error:#}"));
        met.extend(case.kinds());
        let made = case.files();
        if write {
            replace(&folder, &made).expect("the folder can be written");
        }
        let written = recorded(&folder).expect("the folder can be read");
        wrong.extend(differing(&written, &made).map(|file| format!("{name}/{file}")));
    }
    let help = "COLMIG_SNAPSHOTS=write accepts what they are now";
    assert!(wrong.is_empty(), "{} files differ; {help}\n\n{}", wrong.len(), wrong.join("\n\n"));
    let kinds = CHANGES.iter().map(|row| row.kind);
    let missing: Vec<_> = kinds.filter(|kind| !met.contains(kind)).collect();
    assert_eq!(missing, [], "kinds of change without a case in tests/snapshots/changes");
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests/snapshots/changes")).expect("there are cases");
    let mut cases: Vec<_> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    cases.sort();
    cases
}

/// What a folder's releases come to.
#[derive(Default)]
struct Case {
    /// The migrations that the releases after the first began.
    migrations: Vec<Migration>,
    /// What `plan` prints of each.
    plans: Vec<String>,
    /// The steps that were made from the live catalog, by change and place.
    live: BTreeMap<(String, usize), String>,
    /// How far each change has come.
    positions: BTreeMap<String, usize>,
}

impl Case {
    /// Generates release after release with the program, and takes a SQLite file along.
    fn run(folder: &Path) -> Result<Case> {
        let (shop, database) = (Shop::empty()?, TestDatabase::sqlite()?);
        let config = folder.join(CONFIG);
        if config.exists() {
            shop.write(CONFIG, &fs::read_to_string(config)?)?;
        }
        let mut case = Case::default();
        let mut before = None;
        for release in releases(folder)? {
            let source = fs::read_to_string(release)?;
            shop.write("src/lib.rs", &source)?;
            let said = source.lines().next().and_then(|line| line.strip_prefix("// cargo colmig "));
            shop.command(said.unwrap_or("generate")).run()?.expect(0)?;
            let migrations = shop.project()?.migrations;
            let known = case.migrations.len() + *before.get_or_insert(migrations.len());
            for migration in migrations.into_iter().skip(known) {
                let plan = shop.command(&format!("plan {}", migration.number())).run()?;
                case.plans.push(plan.expect(0)?.out);
                case.migrations.push(migration);
            }
            if shop.project()?.lock.databases.contains(&Database::Sqlite) {
                block_on(case.apply(&shop, &database))?;
            }
        }
        ensure!(!case.migrations.is_empty(), "no release after before.rs begins a migration");
        Ok(case)
    }

    /// Step by step as far as this release lets it, so that each live step is seen just before it runs.
    async fn apply(&mut self, shop: &Shop, database: &TestDatabase) -> Result<()> {
        let project = shop.project()?;
        let changes = project.migrations.iter().flat_map(|migration| &migration.manifest.changes);
        let changes: Vec<_> = changes.cloned().collect();
        let consents: Vec<_> = changes.iter().flat_map(Change::consents).collect();
        let consents: Vec<_> = consents.iter().map(String::as_str).collect();
        let mut migrator = Migrator::connect(&database.url, project.options(&consents)).await?;
        for change in &changes {
            let mut position = self.positions.get(&change.id).copied().unwrap_or(0);
            while position < change.steps.len() {
                let step = &change.steps[position];
                let live = match step.sql.get("sqlite") {
                    Some(files) if !files.live.is_empty() => {
                        migrator.live_statements(change, position).await?
                    }
                    _ => Vec::new(),
                };
                let to = format!("{}:{}", change.id, step.act);
                if migrator.apply(Some(&to)).await?.short.is_some() {
                    break;
                }
                if !live.is_empty() {
                    self.live.insert((change.id.clone(), position), live.join(";\n") + ";\n");
                }
                position += 1;
            }
            self.positions.insert(change.id.clone(), position);
        }
        Ok(())
    }

    fn kinds(&self) -> Vec<ChangeKind> {
        let changes = self.migrations.iter().flat_map(|migration| &migration.manifest.changes);
        changes.map(|change| change.kind).collect()
    }

    /// The files that its folder is to have, beside the sources.
    fn files(&self) -> Files {
        let mut files = Files::from([("plan.txt".to_owned(), self.plans.concat())]);
        for (place, migration) in self.migrations.iter().enumerate() {
            let folder = match place {
                0 => "sql".to_owned(),
                _ => format!("sql/{}", migration.number()),
            };
            for (path, text) in migration.files.iter().filter(|(path, _)| *path != MANIFEST) {
                files.insert(format!("{folder}/{path}"), text.clone());
            }
            for change in &migration.manifest.changes {
                for step in 0..change.steps.len() {
                    let live = self.live.get(&(change.id.clone(), step));
                    let file = live.and_then(|_| placeholder(migration, change, step));
                    let file = file.map(|file| file.replace(".up.sql", ".live.sql"));
                    files.extend(
                        file.zip(live)
                            .map(|(file, text)| (format!("{folder}/{file}"), text.clone())),
                    );
                }
            }
        }
        files
    }
}

/// The file that stands where a step's SQL would, if it were known in advance.
fn placeholder<'a>(migration: &'a Migration, change: &Change, step: usize) -> Option<&'a str> {
    let (act, stage) = (change.steps[step].act, change.steps[step].stage);
    let place = change.id.rsplit('.').next().unwrap_or_default();
    let begins = format!("sqlite/{}_{stage}.{place}.", stage.number());
    let word = act.facts().word;
    let ends =
        if word == stage.to_string() { ".up.sql".to_owned() } else { format!(".{word}.up.sql") };
    let is_it = |(path, text): &(&String, &String)| {
        path.starts_with(&begins)
            && path.ends_with(&ends)
            && text.starts_with("-- Made from the live")
    };
    migration.files.iter().find(is_it).map(|(path, _)| path.as_str())
}

/// The releases of a case, in order.
fn releases(folder: &Path) -> Result<Vec<PathBuf>> {
    let between = (1..).map(|number| folder.join(format!("release{number}.rs")));
    let between = between.take_while(|path| path.exists());
    let mut all = vec![folder.join("before.rs")];
    all.extend(between);
    all.push(folder.join("after.rs"));
    Ok(all)
}

/// What a folder has beside the sources.
fn recorded(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    for path in files_in(folder)? {
        let name = path.strip_prefix(folder).context("it lies in the folder")?;
        let name = name.to_string_lossy().replace('\\', "/");
        if !name.ends_with(".rs") && name != CONFIG {
            files.insert(name, fs::read_to_string(&path)?.replace("\r\n", "\n"));
        }
    }
    Ok(files)
}

fn replace(folder: &Path, files: &Files) -> Result<()> {
    for name in recorded(folder)?.keys().filter(|name| !files.contains_key(*name)) {
        fs::remove_file(folder.join(name))?;
    }
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// The files that are not what they were, each with both texts.
fn differing<'a>(written: &'a Files, made: &'a Files) -> impl Iterator<Item = String> {
    let names: BTreeSet<_> = written.keys().chain(made.keys()).collect();
    let of =
        |files: &Files, name: &String| files.get(name).cloned().unwrap_or("(no file)\n".into());
    let pairs = names.into_iter().map(move |name| (name, of(written, name), of(made, name)));
    let pairs = pairs.filter(|(_, written, made)| written != made);
    pairs.map(|(name, written, made)| format!("{name}\nwas:\n{written}\nis:\n{made}"))
}
