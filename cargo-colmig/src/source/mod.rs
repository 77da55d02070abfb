//! The tables of some packages, read from their source as cargo and rustc would find it. The source has
//! to be Rust; it need not compile.

mod modules;

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use colmig_core::lock::Lock;
use colmig_core::parse::texts::Call;
use colmig_core::parse::{self, At, Between, Declared, DeclaredEnum, Module, Shared, SourceFile};
use colmig_core::problem::{DUPLICATE, NOT_A_TABLE, Problem, SOURCE_UNREADABLE};
use colmig_core::schema::Schema;

use crate::place::shown;
use crate::report::{Failure, Report, Result, Text};
use crate::workspace::Package;
use modules::Directory;

/// What the source declares.
#[derive(Default)]
pub struct Source {
    /// The tables in the order of the files.
    pub tables: Vec<Found>,
    /// The enums in the order of the files.
    pub enums: Vec<FoundEnum>,
    /// The calls that take SQL, by file; only [`Source::read_with_calls`] looks for them.
    pub calls: Vec<Calls>,
    /// How many files were read.
    pub files: usize,
    with_calls: bool,
    reports: Vec<Report>,
}

/// The calls of one file that take SQL.
pub struct Calls {
    /// The path of the file.
    pub path: Utf8PathBuf,
    /// The file.
    pub text: Text,
    /// The directory of the package.
    pub package: Utf8PathBuf,
    /// The calls in the order of the file.
    pub calls: Vec<Call>,
}

/// One table and where it is declared.
pub struct Found {
    /// The struct.
    pub declared: Declared,
    /// The package.
    pub package: String,
    /// The path of the file.
    pub path: Utf8PathBuf,
    /// The file.
    pub text: Text,
}

/// One enum and where it is declared.
pub struct FoundEnum {
    /// The enum.
    pub declared: DeclaredEnum,
    /// The package.
    pub package: String,
    /// The path of the file.
    pub path: Utf8PathBuf,
    /// The file.
    pub text: Text,
}

/// A file that is to be read.
struct Entry {
    file: Utf8PathBuf,
    directory: Directory,
    /// The module whose `cfg` decides whether rustc reads it.
    condition: Option<String>,
    /// Whether only tests, benches or examples compile it: then it is read for its SQL, not its tables.
    only_calls: bool,
}

impl Source {
    /// Reads the packages; what is wrong comes out at [`Source::schema`], all at once.
    pub fn read(packages: &[&Package]) -> Source {
        let mut source = Source::default();
        let mut seen = BTreeSet::new();
        for package in packages {
            source.read_package(package, &mut seen);
        }
        source
    }

    /// Reads the packages, and finds the calls that take SQL: in their tests, benches and examples too.
    pub fn read_with_calls(packages: &[&Package]) -> Source {
        let mut source = Source { with_calls: true, ..Source::default() };
        let mut seen = BTreeSet::new();
        for package in packages {
            source.read_package(package, &mut seen);
        }
        source
    }

    /// The schema that the source declares, or every mistake in it: of its grammar, of what the lock
    /// file allows, and between the structs.
    pub fn schema(&self, lock: &Lock) -> Result<Schema> {
        let mut reports = self.reports.clone();
        for found in &self.tables {
            let mistakes = parse::check(&found.declared, Some(lock));
            reports.extend(mistakes.into_iter().map(|mistake| found.text.mistake(mistake)));
        }
        for found in &self.enums {
            let mistakes = parse::check_enum(&found.declared, Some(lock));
            reports.extend(mistakes.into_iter().map(|mistake| found.text.mistake(mistake)));
        }
        let structs: Vec<_> = self.tables.iter().map(|found| &found.declared).collect();
        let enums: Vec<_> = self.enums.iter().map(|found| &found.declared).collect();
        // Where an enum could not be read, its columns would be called its mistakes once more.
        if reports.is_empty() {
            let found = parse::agree(&structs, &enums);
            reports.extend(found.into_iter().map(|one| self.text_at(one.at).mistake(one.mistake)));
        }
        let Shared { tables, mistakes } = parse::share(&structs, lock);
        reports.extend(mistakes.into_iter().map(|between| self.between(between)));
        reports.extend(self.names_that_differ_by_case());
        reports.sort_by_cached_key(|report| {
            let excerpt = report.excerpt.as_ref();
            excerpt.map(|excerpt| (excerpt.file.clone(), excerpt.line, excerpt.column))
        });
        if let Some(failure) = Failure::of(reports) {
            return Err(failure);
        }
        let mut enums: Vec<_> = enums.into_iter().map(|one| one.enumeration.clone()).collect();
        enums.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Schema { enums, ..Schema::of(tables) })
    }

    fn text_at(&self, at: At) -> &Text {
        match at {
            At::Struct(index) => &self.tables[index].text,
            At::Enum(index) => &self.enums[index].text,
        }
    }

    /// A problem about a table or a column (`users`, `users.handle`), or about an enum type or a value, at the
    /// token that declares it.
    pub fn locate(&self, problem: Problem) -> Report {
        let place = problem.place.clone().unwrap_or_default();
        let (table, column) = place.split_once('.').unwrap_or((&place, ""));
        let Some(found) = self.tables.iter().find(|found| found.declared.table.name == table)
        else {
            let is_it = |found: &&FoundEnum| found.declared.enumeration.name == table;
            return match self.enums.iter().find(is_it) {
                None => problem.into(),
                Some(found) => {
                    let span = found.declared.span_of(column);
                    found.text.mistake(parse::Mistake::new(span, problem))
                }
            };
        };
        let declared = &found.declared;
        let field = declared
            .fields
            .iter()
            .find(|field| declared.table.columns[field.column].name == column);
        let span = field.map_or(declared.span, |field| field.span);
        found.text.mistake(parse::Mistake::new(span, problem))
    }

    fn read_package(&mut self, package: &Package, seen: &mut BTreeSet<Utf8PathBuf>) {
        let root = |file: &Utf8PathBuf, only_calls| Entry {
            file: file.clone(),
            directory: Directory::beside(file),
            condition: None,
            only_calls,
        };
        let mut entries: Vec<_> =
            package.roots.iter().rev().map(|file| root(file, false)).collect();
        // A file that is always compiled may also be named under a condition, or by a test: that must not
        // count, so those come last.
        let mut conditional = Vec::new();
        let mut only_calls: Vec<_> = match self.with_calls {
            true => package.other_roots.iter().rev().map(|file| root(file, true)).collect(),
            false => Vec::new(),
        };
        while let Some(entry) =
            entries.pop().or_else(|| conditional.pop()).or_else(|| only_calls.pop())
        {
            if !seen.insert(entry.file.canonicalize_utf8().unwrap_or_else(|_| entry.file.clone())) {
                continue;
            }
            for entry in self.read_file(package, &entry).into_iter().rev() {
                match entry.condition {
                    _ if entry.only_calls => only_calls.push(entry),
                    None => entries.push(entry),
                    Some(_) => conditional.push(entry),
                }
            }
        }
    }

    /// Reads one file; returns the files of its modules.
    fn read_file(&mut self, package: &Package, entry: &Entry) -> Vec<Entry> {
        self.files += 1;
        let text = match std::fs::read_to_string(&entry.file) {
            Ok(text) => Text::new(&entry.file, text),
            Err(error) => {
                self.reports.push(unreadable(&entry.file, &error).into());
                return Vec::new();
            }
        };
        let read = if self.with_calls { parse::source_with_calls } else { parse::source };
        let SourceFile { tables, enums, modules, mistakes, calls } = match read(&text.text) {
            Ok(file) => file,
            Err(mistake) => {
                self.reports.push(text.mistake(mistake));
                return Vec::new();
            }
        };
        if !calls.is_empty() {
            let (path, package) = (entry.file.clone(), package.dir.clone());
            self.calls.push(Calls { path, text: text.clone(), package, calls });
        }
        if entry.only_calls {
            return self.modules(entry, &modules, &text);
        }
        self.reports.extend(mistakes.into_iter().map(|mistake| text.mistake(mistake)));
        for declared in tables {
            match &entry.condition {
                Some(module) => {
                    let mistake = parse::Mistake::new(declared.span, conditional_table(module));
                    self.reports.push(text.mistake(mistake));
                }
                None => self.tables.push(Found {
                    declared,
                    package: package.name.clone(),
                    path: entry.file.clone(),
                    text: text.clone(),
                }),
            }
        }
        for declared in enums {
            match &entry.condition {
                Some(module) => {
                    let mistake = parse::Mistake::new(declared.span, conditional_table(module));
                    self.reports.push(text.mistake(mistake));
                }
                None => self.enums.push(FoundEnum {
                    declared,
                    package: package.name.clone(),
                    path: entry.file.clone(),
                    text: text.clone(),
                }),
            }
        }
        self.modules(entry, &modules, &text)
    }

    fn modules(&mut self, from: &Entry, modules: &[Module], text: &Text) -> Vec<Entry> {
        let wanted = modules.iter().filter(|module| self.with_calls || !module.only_tests);
        let wanted: Vec<_> = wanted.collect();
        wanted.into_iter().filter_map(|module| self.enter(from, module, text)).collect()
    }

    /// The file of a module. One that depends on `cfg` may be made later, or on another system.
    fn enter(&mut self, from: &Entry, module: &Module, text: &Text) -> Option<Entry> {
        let condition = match &from.condition {
            Some(outer) => Some(outer.clone()),
            None => module.conditional.then(|| module.name.clone()),
        };
        let candidates = from.directory.candidates(module);
        let names: Vec<_> = candidates.iter().map(|candidate| shown(&candidate.file)).collect();
        let mut there: Vec<_> = candidates.into_iter().filter(|c| c.file.is_file()).collect();
        let (what, help) = match there.len() {
            1 => {
                let found = there.remove(0);
                let only_calls = from.only_calls || module.only_tests;
                let (file, directory) = (found.file, found.directory);
                return Some(Entry { file, directory, condition, only_calls });
            }
            0 if condition.is_some() => return None,
            0 => ("has no file", format!("create {}", names.join(" or "))),
            _ => ("has two files", format!("keep one of {}", names.join(" and "))),
        };
        let problem = SOURCE_UNREADABLE.problem(format!("the module `{}` {what}", module.name));
        self.reports.push(at_module(text, &module.name, problem.help(help)));
        None
    }

    /// A mistake between two structs, with the place of the other one.
    fn between(&self, Between { index, with, mut mistake }: Between) -> Report {
        if let Some(found) = with.map(|with| &self.tables[with]) {
            let nothing = parse::Mistake::new(found.declared.span, mistake.problem.clone());
            let place = found.text.mistake(nothing).problem.place.unwrap_or_default();
            mistake.problem =
                mistake.problem.help(format!("`{}` is at {place}", found.declared.ident));
        }
        self.tables[index].text.mistake(mistake)
    }

    /// SQLite does not tell names apart by case.
    fn names_that_differ_by_case(&self) -> Vec<Report> {
        let mut reports = Vec::new();
        for (index, second) in self.tables.iter().enumerate() {
            let name = &second.declared.table.name;
            let same = |found: &&Found| {
                let other = &found.declared.table.name;
                other != name && other.eq_ignore_ascii_case(name)
            };
            let Some(first) = self.tables[..index].iter().find(same) else { continue };
            let problem = DUPLICATE
                .problem(format!(
                    "SQLite does not tell the table `{name}` from `{}`, which `{}` stands for",
                    first.declared.table.name, first.declared.ident
                ))
                .help("give one of them another name: `#[colmig(table = \"…\")]`");
            reports.push(second.text.mistake(parse::Mistake::new(second.declared.span, problem)));
        }
        reports
    }
}

fn unreadable(file: &Utf8Path, error: &std::io::Error) -> Problem {
    SOURCE_UNREADABLE.problem(format!("the file cannot be read: {error}")).at(shown(file))
}

fn conditional_table(module: &str) -> Problem {
    NOT_A_TABLE
        .problem(format!("a table cannot depend on `cfg`, and its module `{module}` does"))
        .help("`cargo colmig generate` reads the source without building it, so it would record a table that other builds do not have; declare the module in every build, or move the table into a crate of its own")
}

/// The parser does not keep the place of `mod name;`; its text is easy to find again.
fn at_module(text: &Text, name: &str, problem: Problem) -> Report {
    let declares = |line: &str| {
        let line = line.split("//").next().unwrap_or_default();
        let words: Vec<_> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let module = words.iter().position(|word| *word == "mod");
        module.is_some_and(|at| words[at..].contains(&name) && line.contains(';'))
    };
    let found = text.text.lines().enumerate().find(|(_, line)| declares(line));
    let Some((index, line)) = found else { return problem.at(text.file.clone()).into() };
    let before = line.find("mod").and_then(|at| Some(at + line[at..].find(name)?)).unwrap_or(0);
    let column = line[..before].chars().count() + 1;
    text.report(problem, index + 1, column, name.len())
}
