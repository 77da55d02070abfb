//! What may not stand where. A new rule is a new row.

use colmig_tests::program::root;
use fs_err as fs;

use super::source::{Source, is_word};

/// Which part of a file a rule reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// What is neither literal nor comment.
    Code,
    /// Literals: texts of SQL are among them, and letter case does not matter.
    Literals,
}

/// Whether a rule holds in tests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tests {
    Too,
    Not,
}

struct Rule {
    name: &'static str,
    /// Folders, and files.
    within: &'static [&'static str],
    /// Folders, and files, where it does not hold.
    except: &'static [&'static str],
    part: Part,
    tests: Tests,
    /// What may not occur, as whole words; one that ends in `_` is the beginning of a word.
    words: &'static [&'static str],
}

/// Every package.
const ALL: &[&str] = &["core", "macros", "runtime", "cargo-colmig", "tests", "xtask", "examples"];

/// What is published.
const LIBRARIES: &[&str] = &["core/src", "macros/src", "runtime/src", "cargo-colmig/src"];

const RULES: &[Rule] = &[
    Rule {
        name: "core is pure: no I/O, no async, no clock, no terminal",
        within: &["core/src"],
        except: &[],
        part: Part::Code,
        tests: Tests::Too,
        words: &[
            "std::fs",
            "std::net",
            "std::process",
            "std::env",
            "std::io",
            "std::os",
            "std::thread",
            "Instant",
            "SystemTime",
            "tokio",
            "async",
            "await",
            "print!",
            "println!",
            "eprint!",
            "eprintln!",
        ],
    },
    Rule {
        name: "of the command line only the terminal prints, so that no error goes without its code",
        within: &["cargo-colmig/src"],
        except: &["cargo-colmig/src/terminal", "cargo-colmig/src/cli.rs"],
        part: Part::Code,
        tests: Tests::Not,
        words: &["print!", "println!", "eprint!", "eprintln!", "anstream"],
    },
    Rule {
        name: "only core's parser and the macros handle tokens",
        within: ALL,
        except: &["core/src/parse", "macros"],
        part: Part::Code,
        tests: Tests::Too,
        words: &["syn::", "proc_macro2", "quote!", "parse_quote!", "quote_spanned!"],
    },
    Rule {
        name: "the command line is defined in one file",
        within: ALL,
        except: &["cargo-colmig/src/cli.rs", "xtask"],
        part: Part::Code,
        tests: Tests::Too,
        words: &["clap"],
    },
    Rule {
        name: "the command line reaches databases through the runtime",
        within: &["cargo-colmig"],
        except: &[],
        part: Part::Code,
        tests: Tests::Too,
        words: &["sqlx"],
    },
    Rule {
        name: "only `check` reads the SQL of others",
        within: ALL,
        except: &["cargo-colmig/src/check/sql"],
        part: Part::Code,
        tests: Tests::Too,
        words: &["sqlparser"],
    },
    Rule {
        name: "only dialects change schemas",
        within: LIBRARIES,
        // What changes are called, in words for people.
        except: &["core/src/dialect", "core/src/protocol"],
        part: Part::Literals,
        tests: Tests::Not,
        words: &[
            "ALTER TABLE",
            "ALTER COLUMN",
            "ADD COLUMN",
            "ADD CONSTRAINT",
            "DROP COLUMN",
            "DROP CONSTRAINT",
            "DROP TABLE",
            "DROP NOT NULL",
            "RENAME TO",
            "SET NOT NULL",
            "VALIDATE CONSTRAINT",
        ],
    },
    Rule {
        name: "only dialects create tables, but for the ledger's own",
        within: LIBRARIES,
        except: &["core/src/dialect", "core/src/protocol", "runtime/src/driver/ledger.rs"],
        part: Part::Literals,
        tests: Tests::Not,
        words: &["CREATE TABLE", "CREATE INDEX", "CREATE UNIQUE INDEX"],
    },
    Rule {
        name: "only drivers know the ledger's tables",
        within: LIBRARIES,
        // Names of what a step makes for a while begin like the ledger's.
        except: &["runtime/src/driver", "core/src/dialect"],
        part: Part::Literals,
        tests: Tests::Not,
        words: &["_colmig_"],
    },
    Rule {
        name: "only drivers read catalogs",
        within: LIBRARIES,
        // What a rebuild keeps is SQLite's own, what lives for one transaction is in `pg_temp`, a trigger's function
        // says which schemas it searches, and what takes over a key learns the numbering when the table is locked.
        except: &[
            "runtime/src/driver",
            "core/src/dialect/sqlite",
            "core/src/dialect/trial.rs",
            "core/src/dialect/postgres/key.rs",
            "core/src/dialect/postgres/trigger.rs",
        ],
        part: Part::Literals,
        tests: Tests::Not,
        words: &[
            "pg_",
            "information_schema",
            "sqlite_schema",
            "sqlite_master",
            "PRAGMA",
            "pragma_",
        ],
    },
    Rule {
        name: "nothing here needs unsafe code",
        within: ALL,
        except: &[],
        part: Part::Code,
        tests: Tests::Too,
        words: &["unsafe"],
    },
    Rule {
        name: "`#[expect]` notices when its reason has gone",
        within: ALL,
        except: &[],
        part: Part::Code,
        tests: Tests::Too,
        words: &["#[allow(", "#![allow("],
    },
    Rule {
        name: "nothing is left to do",
        within: ALL,
        except: &[],
        part: Part::Code,
        tests: Tests::Too,
        words: &["todo!", "unimplemented!", "dbg!"],
    },
    Rule {
        name: "`expect` says why it holds",
        within: ALL,
        except: &[],
        part: Part::Code,
        tests: Tests::Not,
        words: &[".unwrap()", ".unwrap_err()"],
    },
];

impl Rule {
    fn holds_in(&self, path: &str) -> bool {
        let among = |places: &[&str]| places.iter().any(|place| lies_in(path, place));
        among(self.within) && !among(self.except)
    }

    /// Where a source offends, in words.
    fn offences(&self, source: &Source) -> Vec<String> {
        if !self.holds_in(&source.path) {
            return Vec::new();
        }
        let source = if self.tests == Tests::Not { source.without_tests() } else { source.clone() };
        let words = self.words.iter();
        let found = words.flat_map(|word| {
            let at = match self.part {
                Part::Code => [find(&source.code, word), find_grouped(&source.code, word)].concat(),
                Part::Literals => find(&source.literals.to_lowercase(), &word.to_lowercase()),
            };
            at.into_iter().map(move |at| (at, word))
        });
        let line = |at: usize| source.code[..at].matches('\n').count() + 1;
        found
            .map(|(at, word)| format!("{}:{}: `{word}`: {}", source.path, line(at), self.name))
            .collect()
    }
}

fn lies_in(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Where a text has a word; blanks in a word stand for any white space.
fn find(text: &str, word: &str) -> Vec<usize> {
    let first = word.split(' ').next().unwrap_or(word);
    text.match_indices(first).map(|(at, _)| at).filter(|at| stands_at(text, *at, word)).collect()
}

fn stands_at(text: &str, at: usize, word: &str) -> bool {
    let open = |c: Option<char>| !c.is_some_and(is_word);
    let mut rest = &text[at..];
    for part in word.split(' ') {
        let Some(after) = rest.trim_start_matches(['\\', ' ', '\n']).strip_prefix(part) else {
            return false;
        };
        rest = after;
    }
    let begins = !word.starts_with(is_word) || open(text[..at].chars().last());
    let ends = !word.ends_with(char::is_alphanumeric) || open(rest.chars().next());
    begins && ends
}

/// Where a path is spelled as a part of a group: `std::fs` in `use std::{fmt, fs::File}`.
fn find_grouped(code: &str, path: &str) -> Vec<usize> {
    let Some((parent, name)) = path.rsplit_once("::") else { return Vec::new() };
    let mut found = Vec::new();
    for group in find(code, &format!("{parent}::{{")) {
        let start = group + parent.len() + "::{".len();
        let (mut depth, mut fresh) = (1, true);
        for (at, c) in code[start..].char_indices() {
            if fresh && depth == 1 && is_word(c) {
                found.extend(stands_at(code, start + at, name).then_some(start + at));
            }
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            fresh = c == ',' || (fresh && c.is_whitespace());
            if depth == 0 {
                break;
            }
        }
    }
    found
}

fn sources() -> Vec<Source> {
    let mut paths = ALL.iter().map(|package| root().join(package)).collect::<Vec<_>>();
    let mut sources = Vec::new();
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(
                fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root()).expect("it lies there").display().to_string();
            sources.push(Source::new(&relative, &fs::read_to_string(&path).expect("a source")));
        }
    }
    sources
}

#[test]
fn no_source_offends() {
    let sources = sources();
    let offences =
        RULES.iter().flat_map(|rule| sources.iter().flat_map(|source| rule.offences(source)));
    let offences: Vec<_> = offences.collect();
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

/// A word, at home in the part that the rule reads, and in the other.
fn offender(word: &str, part: Part) -> String {
    let word = if word.ends_with('_') { format!("{word}x") } else { word.to_owned() };
    match part {
        Part::Code => format!("fn f() {{ {word} }}"),
        Part::Literals => format!("fn f() {{ \"SELECT {word} x\" }}"),
    }
}

#[test]
fn every_word_of_every_rule_is_found_where_it_offends_and_only_there() {
    for rule in RULES {
        for word in rule.words {
            let other = if rule.part == Part::Code { Part::Literals } else { Part::Code };
            let path = format!("{}/src/offender.rs", rule.within[0]);
            let offences = |text: &str| rule.offences(&Source::new(&path, text)).len();
            let offending = offender(word, rule.part);
            assert_eq!(offences(&offending), 1, "{}: {word}", rule.name);
            assert_eq!(offences(&offender(word, other)), 0, "{}: {word}", rule.name);
            assert_eq!(
                offences(&format!("/* {word} */ fn f() {{}} // {word}")),
                0,
                "{}: {word}",
                rule.name
            );
            let in_tests = offences(&format!("#[cfg(test)]\nmod tests {{ {offending} }}"));
            assert_eq!(in_tests, usize::from(rule.tests == Tests::Too), "{}: {word}", rule.name);
            for place in rule.except {
                let source = Source::new(&format!("{place}/x.rs"), &offending);
                assert_eq!(rule.offences(&source), [""; 0], "{}: {word}", rule.name);
            }
        }
    }
}

/// A rule for a folder that is gone holds everywhere, and an exception that nothing needs is a hole.
#[test]
fn every_place_that_a_rule_names_is_there_and_needed() {
    let sources = sources();
    for rule in RULES {
        for place in rule.within {
            assert!(
                sources.iter().any(|source| lies_in(&source.path, place)),
                "{}: {place}",
                rule.name
            );
        }
        for place in rule.except {
            let strict = Rule { except: &[], ..*rule };
            let mut there = sources.iter().filter(|source| lies_in(&source.path, place));
            assert!(
                there.any(|source| !strict.offences(source).is_empty()),
                "{}: {place}",
                rule.name
            );
        }
    }
}

#[test]
fn words_are_whole_and_blanks_are_wide() {
    assert_eq!(find("alter  \\\n table x", "alter table"), [0]);
    assert_eq!(find("async_std asyncs xasync async", "async"), [24]);
    assert_eq!(find("pg_class, xpg_class", "pg_"), [0]);
    assert_eq!(find_grouped("use std::{fmt, fs::File, path::{Path, env}};", "std::fs"), [15]);
    assert_eq!(find_grouped("use std::{fmt, fsx, path::{Path, env}};", "std::fs"), [0; 0]);
    assert_eq!(find_grouped("use std::{fmt, path::{Path, env}};", "std::env"), [0; 0]);
}
