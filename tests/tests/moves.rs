//! The tables of moves, through the compiler: every pair of states, for columns of every nature, and every
//! pair of nullabilities. A lock file has each table's column as it was recorded, a struct has it as it is
//! declared; what is legal compiles without a word, what is not is one error, in the struct's own lines,
//! with the remedy of its row.

use std::path::Path;

use anyhow::{Result, ensure};
use colmig_core::lifecycle::{MOVES, Move, NULL_MOVES, NullMove, Nullability, State};
use colmig_core::lock::{Lock, Recorded};
use colmig_core::problem::{Code, GRAMMAR, ILLEGAL_MOVE};
use colmig_core::schema::{Column, Schema, Table};
use colmig_core::types::{ColumnType, PerDatabase};
use colmig_tests::checked::{Checked, Folder, Said};
use colmig_tests::program::root;

/// One struct, and one table of the lock file.
#[derive(Debug)]
struct Case {
    name: String,
    recorded: Option<Column>,
    /// The field: what its attribute says, and its type.
    declared: Option<(String, &'static str)>,
    /// The code and words of the one error, unless it is legal.
    refused: Option<(&'static Code, String)>,
}

/// What a column is, beside its state.
struct Nature {
    word: &'static str,
    nullability: Nullability,
    default: Option<&'static str>,
    /// The type of the field while it is read, and while it is not.
    types: [&'static str; 2],
    /// What `adding` needs beside it, or why a column of this nature is never `adding`.
    adding: Result<&'static str, (&'static Code, &'static str)>,
}

const NATURES: &[Nature] = &[
    Nature {
        word: "required",
        nullability: Nullability::Relies,
        default: None,
        types: ["String", "colmig::WriteOnly<String>"],
        adding: Ok("backfill = \"''\""),
    },
    Nature {
        word: "nullable",
        nullability: Nullability::Loose,
        default: None,
        types: ["Option<String>", "colmig::WriteOnly<Option<String>>"],
        adding: Ok("backfill = \"''\""),
    },
    Nature {
        word: "default",
        nullability: Nullability::Relies,
        default: Some("new"),
        types: ["String", "colmig::WriteOnly<String>"],
        adding: Err((GRAMMAR, "existing rows get the default at once")),
    },
];

impl Nature {
    /// Whether the database serves writers that do not name the column.
    fn is_dispensable(&self) -> bool {
        self.default.is_some() || self.nullability == Nullability::Loose
    }

    fn column(&self, state: State) -> Option<Column> {
        let default = match self.default {
            Some(text) => PerDatabase::Everywhere(text.into()),
            None => PerDatabase::Nowhere,
        };
        let column = Column { state, default, ..recorded(self.nullability) };
        (state != State::Absent).then_some(column)
    }

    fn field(&self, state: State) -> Option<(String, &'static str)> {
        let default = self.default.map(|text| format!("default = \"{text}\""));
        let (word, more) = match state {
            State::Absent => return None,
            State::Adding => (Some("adding"), self.adding.ok()),
            State::Active => (None, None),
            State::Deprecated => (Some("deprecated"), None),
        };
        let words = [word, more, default.as_deref()].into_iter().flatten().collect::<Vec<_>>();
        Some((words.join(", "), self.types[usize::from(state.facts().write_only)]))
    }

    fn case(&self, row: &Move) -> Case {
        let is_legal = row.when.holds(self.is_dispensable());
        let refused = match self.adding {
            Err((code, words)) if row.to == State::Adding => Some((code, words.to_owned())),
            _ => (!is_legal).then(|| (ILLEGAL_MOVE, help(row.remedy))),
        };
        Case {
            name: format!("t_{}_{}_{}", row.from, row.to, self.word),
            recorded: self.column(row.from),
            declared: self.field(row.to),
            refused,
        }
    }
}

/// A column that stays active. Where NULL is to go, the edit says what its rows get.
fn nullability_case(row: &NullMove) -> Case {
    let (word, ty) = match row.to {
        Nullability::Relies => ("relies", "String"),
        Nullability::Upholds => ("upholds", "colmig::RequiredOnWrite<String>"),
        Nullability::Loose => ("loose", "Option<String>"),
    };
    let tightens = row.from == Nullability::Loose && row.to == Nullability::Upholds;
    let attribute = if tightens { "backfill = \"''\"" } else { "" };
    Case {
        name: format!("n_{:?}_{word}", row.from).to_lowercase(),
        recorded: Some(recorded(row.from)),
        declared: Some((attribute.into(), ty)),
        refused: (!row.remedy.is_empty()).then(|| (ILLEGAL_MOVE, help(row.remedy))),
    }
}

fn help(remedy: &str) -> String {
    format!("help: {remedy}")
}

fn recorded(nullability: Nullability) -> Column {
    let text = ColumnType::Known("text".into());
    Column { nullability, born: "0001".into(), ..Column::new("c", text) }
}

fn cases() -> Vec<Case> {
    let of_states = NATURES.iter().flat_map(|nature| MOVES.iter().map(|row| nature.case(row)));
    of_states.chain(NULL_MOVES.iter().map(nullability_case)).collect()
}

impl Case {
    fn table(&self) -> Table {
        let id =
            Column { born: "0001".into(), ..Column::new("id", ColumnType::Known("int8".into())) };
        Table {
            primary_key: vec!["id".into()],
            born: "0001".into(),
            columns: std::iter::once(id).chain(self.recorded.clone()).collect(),
            ..Table::new(&self.name)
        }
    }

    /// The struct; each has as many lines, so that an error's line tells whose it is.
    fn source(&self, number: usize) -> String {
        let (attribute, field) = match &self.declared {
            Some((words, ty)) if words.is_empty() => (String::new(), format!("pub c: {ty},")),
            Some((words, ty)) => (format!("#[colmig({words})]"), format!("pub c: {ty},")),
            None => Default::default(),
        };
        format!(
            "#[derive(colmig::Table)]\n#[colmig(table = \"{}\")]\npub struct Table{number} {{\n    #[colmig(primary_key)]\n    pub id: i64,\n    {attribute}\n    {field}\n}}\n",
            self.name
        )
    }

    /// The lines of [`Case::source`].
    const LINES: usize = 8;
}

/// A crate of these structs, checked beside the lock file that records their columns.
fn check(name: &str, cases: &[Case]) -> Result<Checked> {
    let folder = Folder::new(Path::new(env!("CARGO_TARGET_TMPDIR")), name)?;
    let lock = Lock {
        project: "shop".into(),
        packages: vec![name.into()],
        migrations: vec![Recorded { id: "0001_create".into(), hash: String::new() }],
        schema: Schema::of(cases.iter().map(Case::table).collect()),
        ..Lock::default()
    };
    let sources = cases.iter().enumerate().map(|(number, case)| case.source(number));
    let colmig = root().join("runtime");
    let manifest = format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[dependencies]\ncolmig = {{ path = {colmig:?} }}\n\n[workspace]\n"
    );
    folder.write("app/Cargo.toml", &manifest)?;
    folder.write("app/colmig.lock", &lock.render())?;
    folder.write("app/src/lib.rs", &sources.collect::<String>())?;
    folder.check("app", &[])
}

#[test]
fn every_legal_move_compiles_without_a_word() -> Result<()> {
    let cases: Vec<_> = cases().into_iter().filter(|case| case.refused.is_none()).collect();
    let checked = check("legal-moves", &cases)?;
    let wrong = checked.diagnostics.iter().map(|said| format!("{}: {said:?}", of(&cases, said)));
    let wrong: Vec<_> = wrong.collect();
    ensure!(checked.passed && wrong.is_empty(), "{}{}", checked.said, wrong.join("\n"));
    Ok(())
}

#[test]
fn every_other_is_one_error_at_its_struct_with_the_remedy_of_its_row() -> Result<()> {
    let cases: Vec<_> = cases().into_iter().filter(|case| case.refused.is_some()).collect();
    let checked = check("illegal-moves", &cases)?;
    let mut wrong = Vec::new();
    for case in &cases {
        let (code, words) = case.refused.as_ref().expect("the others were left out");
        let said = checked.diagnostics.iter().filter(|said| of(&cases, said) == case.name);
        let said: Vec<_> = said.map(|said| said.message.as_str()).collect();
        let words = [&format!("[{}]\n", code.id), words];
        let is_right = said.len() == 1 && words.iter().all(|word| said[0].contains(*word));
        if !is_right {
            wrong.push(format!("{}: {said:#?}", case.name));
        }
    }
    let elsewhere = checked.diagnostics.iter().filter(|said| of(&cases, said).is_empty());
    wrong.extend(elsewhere.map(|said| format!("in no struct: {said:?}")));
    ensure!(wrong.is_empty(), "{}{}", checked.said, wrong.join("\n"));
    Ok(())
}

/// Whose lines a diagnostic points at.
fn of<'c>(cases: &'c [Case], said: &Said) -> &'c str {
    let [line] = said.lines.as_slice() else { return "" };
    cases.get((line - 1) / Case::LINES).map_or("", |case| &case.name)
}

/// What is compiled is all of both tables, and some of it legal, some not.
#[test]
fn every_row_has_its_cases() {
    let cases = cases();
    assert_eq!(cases.len(), NATURES.len() * MOVES.len() + NULL_MOVES.len());
    assert!(cases.iter().any(|case| case.refused.is_none()));
    for nature in NATURES {
        let of_nature = |case: &&Case| case.name.ends_with(nature.word) && case.refused.is_some();
        assert!(cases.iter().any(|case| of_nature(&case)), "{}", nature.word);
    }
}
