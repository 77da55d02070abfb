//! The life of an enum type's values: what is wrong with an edit of one, and which changes it begins.
//!
//! A value has the states and the moves of a column, and no database upholds it for who does not know it: so
//! none comes or goes at once. In the middle of its life it is the other way round than a column: a value that
//! is `adding` or `deprecated` is read and never written.

use crate::lifecycle::{Effect, Move, State, When, move_between};
use crate::migration::{Change, Place};
use crate::plan::story;
use crate::problem::{ILLEGAL_MOVE, NOT_SUPPORTED, Problem};
use crate::protocol::ChangeKind;
use crate::schema::{EnumType, EnumValue, Schema};

/// Every mistake of one enum against its record, each with the value that it is about; `None` means that the
/// type is new.
pub fn check(recorded: Option<&EnumType>, source: &EnumType) -> Vec<(String, Problem)> {
    let at = |name: &str, problem: Problem| {
        (name.to_owned(), problem.at(format!("{}.{name}", source.name)))
    };
    let Some(recorded) = recorded else {
        let has_a_life = |value: &&EnumValue| value.state != State::Active;
        let with_a_life = source.values.iter().filter(has_a_life);
        return with_a_life.map(|value| at(&value.name, new_type(value))).collect();
    };
    let moves = moves(recorded, source).into_iter();
    moves.filter_map(|(name, rule)| Some(at(name, illegal(name, rule)?))).collect()
}

fn new_type(value: &EnumValue) -> Problem {
    ILLEGAL_MOVE
        .problem(format!("`{}` is {}, but its type is new", value.name, value.state))
        .help(format!("a new type has no readers: write it plain, without `{}`", value.state))
}

/// Every value of either, with the row of its move.
pub fn moves<'a>(recorded: &'a EnumType, source: &'a EnumType) -> Vec<(&'a str, &'static Move)> {
    let state =
        |one: &EnumType, name: &str| one.value(name).map_or(State::Absent, |value| value.state);
    let gone = recorded.values.iter().filter(|value| source.value(&value.name).is_none());
    let all = source.values.iter().chain(gone).map(|value| value.name.as_str());
    all.map(|name| (name, move_between(state(recorded, name), state(source, name)))).collect()
}

fn illegal(name: &str, rule: &Move) -> Option<Problem> {
    let help = match (rule.when, rule.to) {
        (When::Always, _) => return None,
        (When::Upheld, _) => {
            "write `#[colmig(adding)]` above it for one release, which reads it and never writes it: the release that is still running cannot read it"
        }
        (When::Dispensable, _) => {
            "keep it for one release as `#[colmig(deprecated)]`, which still reads it and no longer writes it: rows hold it, and the release that is still running writes it"
        }
        (When::Never, State::Adding) => {
            "a value that is there can become `deprecated`, not `adding`; to begin anew, finish its retirement first"
        }
        (When::Never, _) => "delete it, or begin it with `#[colmig(adding)]`",
    };
    let problem = ILLEGAL_MOVE.problem(format!(
        "the value `{name}` cannot go from {} to {} in one release",
        rule.from, rule.to
    ));
    Some(problem.help(help))
}

/// What is wrong with the enum types of a project that no single one shows.
pub(crate) fn between(before: &Schema, source: &Schema) -> Vec<Problem> {
    let mut problems = Vec::new();
    for recorded in &before.enums {
        match source.enumeration(&recorded.name) {
            None => problems.push(vanished(recorded)),
            Some(one) => {
                let moves = moves(recorded, one).into_iter();
                let given_up = moves.filter(|(_, rule)| rule.effect == Effect::Abandons);
                problems.extend(given_up.map(|(name, rule)| abandoned(one, name, rule)));
            }
        }
    }
    problems
}

fn vanished(recorded: &EnumType) -> Problem {
    NOT_SUPPORTED
        .problem(format!("no enum stands for the type `{}` any more", recorded.name))
        .at(recorded.name.clone())
        .help("put the enum back: this version of colmig does not drop types")
}

fn abandoned(one: &EnumType, name: &str, rule: &Move) -> Problem {
    let subject = format!("{}.{name}", one.name);
    NOT_SUPPORTED
        .problem(format!(
            "`{subject}` goes back from {} to {}: a change is abandoned half-way",
            rule.from, rule.to
        ))
        .at(subject)
        .help("if its migration never left this branch: `cargo colmig generate --amend`")
        .help(
            "if it was applied: `cargo colmig rollback`, deploy the release before, then `--amend`",
        )
}

/// The changes that the edits of enum types begin.
pub(crate) fn begun(before: &Schema, source: &Schema, number: &str) -> Vec<Change> {
    let changes = source.enums.iter().flat_map(|one| match before.enumeration(&one.name) {
        None => vec![create(one, number)],
        Some(recorded) => {
            let moves = moves(recorded, one).into_iter();
            let begins = moves.filter(|(_, rule)| rule.effect == Effect::Begins);
            let places = places(before, source, &one.name);
            begins.filter_map(|(name, _)| value(recorded, one, name, number, &places)).collect()
        }
    });
    changes.collect()
}

fn create(one: &EnumType, number: &str) -> Change {
    let enumeration = Some(with_births(None, one, number));
    Change { enumeration, ..story(ChangeKind::CreateType, &one.name) }
}

/// The value as it is declared carries `replace_with`; the one that was recorded carries the birth.
fn value(
    recorded: &EnumType,
    one: &EnumType,
    name: &str,
    number: &str,
    places: &[Place],
) -> Option<Change> {
    let value = one.value(name)?;
    let (kind, born) = match recorded.value(name) {
        None => (ChangeKind::AddValue, number.to_owned()),
        Some(old) => (ChangeKind::RetireValue, old.born.clone()),
    };
    let values = vec![EnumValue { born, ..value.clone() }];
    let enumeration = Some(EnumType { values, ..recorded.clone() });
    Some(Change { enumeration, places: places.to_vec(), ..story(kind, &one.name) })
}

/// The columns whose rows may hold a value of the type: those of the release before, too. What the database
/// computes cannot be written.
fn places(before: &Schema, source: &Schema, name: &str) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for (table, column) in before.places(name).chain(source.places(name)) {
        let place = Place { table: table.name.clone(), column: column.name.clone() };
        let is_written = table.owner.is_empty() && column.generated.is_nowhere();
        if is_written && !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// The types as the lock file records them: births kept or given.
pub(crate) fn recorded(before: &Schema, source: &Schema, number: &str) -> Vec<EnumType> {
    let one = |one: &EnumType| with_births(before.enumeration(&one.name), one, number);
    source.enums.iter().map(one).collect()
}

fn with_births(old: Option<&EnumType>, one: &EnumType, number: &str) -> EnumType {
    let value = |value: &EnumValue| {
        let old = old.and_then(|old| old.value(&value.name));
        let born = old.map_or(number, |old| &old.born);
        EnumValue { born: born.to_owned(), ..value.clone() }
    };
    let born = old.map_or(number, |old| &old.born).to_owned();
    EnumType { name: one.name.clone(), born, values: one.values.iter().map(value).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::{Why, judge};
    use crate::catalog::Catalog;
    use crate::lock::{Lock, Recorded};
    use crate::plan::{Wish, plan};
    use crate::progress::Progress;
    use crate::schema::{Column, Table};
    use crate::types::{ColumnType, Database};
    use crate::vector::Vector;

    fn mood(values: &[(&str, State)]) -> EnumType {
        let value =
            |(name, state): &(&str, State)| EnumValue { state: *state, ..EnumValue::new(*name) };
        EnumType {
            name: "mood".into(),
            born: String::new(),
            values: values.iter().map(value).collect(),
        }
    }

    fn schema(one: EnumType) -> Schema {
        let column = Column::new("mood", ColumnType::Enum("mood".into()));
        let id = Column::new("id", ColumnType::Known("int8".into()));
        let table = Table {
            primary_key: vec!["id".into()],
            columns: vec![id, column],
            ..Table::new("users")
        };
        Schema { enums: vec![one], ..Schema::of(vec![table]) }
    }

    /// The lock files and changes of one edit after another.
    fn edited(edits: &[&[(&str, State)]]) -> Vec<(Lock, Vec<Change>)> {
        let databases = vec![Database::Postgres, Database::Sqlite];
        let mut lock = Lock { databases, ..Lock::default() };
        let mut found = Vec::new();
        for edit in edits {
            let one = mood(edit);
            assert_eq!(check(lock.schema.enumeration("mood"), &one), []);
            let outcome = plan(&lock, &schema(one), Wish::default()).expect("a legal edit");
            lock.schema = outcome.schema;
            let recorded = outcome.migration.as_ref().map(|migration| Recorded {
                id: migration.manifest.id.clone(),
                hash: migration.hash(),
            });
            lock.migrations.extend(recorded);
            let changes = outcome.migration.map(|migration| migration.manifest.changes);
            found.push((lock.clone(), changes.unwrap_or_default()));
        }
        found
    }

    const LIFE: &[&[(&str, State)]] = &[
        &[("happy", State::Active)],
        &[("happy", State::Active), ("angry", State::Adding)],
        &[("happy", State::Active), ("angry", State::Active)],
        &[("happy", State::Active), ("angry", State::Deprecated)],
        &[("happy", State::Active)],
        &[("happy", State::Active), ("angry", State::Adding)],
    ];

    #[test]
    fn a_life_is_two_changes_and_a_value_that_comes_again_is_another() {
        let life = edited(LIFE);
        let properties = |changes: &[Change]| -> Vec<String> {
            changes
                .iter()
                .map(|change| format!("{} {}", change.title(), change.property()))
                .collect()
        };
        let all: Vec<_> = life.iter().map(|(_, changes)| properties(changes)).collect();
        let expected: [&[&str]; 6] = [
            &["0001.1 create mood mood#0001", "0001.2 create users users#0001"],
            &["0002.1 add mood.angry mood.angry#0002"],
            &[],
            &["0003.1 retire mood.angry mood.angry#0002"],
            &[],
            &["0004.1 add mood.angry mood.angry#0004"],
        ];
        assert_eq!(all, expected);
        let born = |lock: &Lock| lock.schema.enums[0].value("angry").map(|v| v.born.clone());
        assert_eq!(born(&life[3].0).as_deref(), Some("0002"));
        assert_eq!((born(&life[4].0), born(&life[5].0).as_deref()), (None, Some("0004")));
        let places = [Place { table: "users".into(), column: "mood".into() }];
        assert_eq!(life[1].1[0].places, places);
    }

    /// Every pair of states: legal where the table says so for what no database upholds.
    #[test]
    fn no_value_comes_or_goes_at_once() {
        let states = [State::Absent, State::Adding, State::Active, State::Deprecated];
        for (from, to) in states.iter().flat_map(|a| states.iter().map(move |b| (*a, *b))) {
            let with = |state| match state {
                State::Absent => mood(&[("happy", State::Active)]),
                state => mood(&[("happy", State::Active), ("angry", state)]),
            };
            let found = check(Some(&with(from)), &with(to));
            let legal = move_between(from, to).when == When::Always;
            assert_eq!(found.is_empty(), legal, "{from} → {to}: {found:?}");
            for (name, problem) in found {
                assert_eq!(
                    (name.as_str(), problem.place.as_deref()),
                    ("angry", Some("mood.angry"))
                );
                assert!(!problem.help.is_empty(), "{problem}");
            }
        }
    }

    #[test]
    fn a_new_type_has_no_life_in_it_and_none_vanishes() {
        let new = check(None, &mood(&[("happy", State::Active), ("angry", State::Adding)]));
        assert!(matches!(&new[..], [(name, problem)]
            if name == "angry" && problem.to_string().contains("a new type has no readers: write it plain")));
        let (lock, _) = &edited(&LIFE[..1])[0];
        let without = Schema { enums: Vec::new(), ..lock.schema.clone() };
        let problems = plan(lock, &without, Wish::default()).expect_err("the type vanished");
        assert!(problems[0].to_string().contains("no enum stands for the type `mood`"));
        let (lock, _) = &edited(&LIFE[..2])[1];
        let back =
            plan(lock, &schema(mood(LIFE[0])), Wish::default()).expect_err("a change of mind");
        assert!(back[0].to_string().contains("goes back from adding to absent"), "{back:?}");
    }

    /// A release that does not know a value any more waits for its retirement, also where that has not begun.
    #[test]
    fn who_cannot_read_a_value_of_the_first_hour_is_not_let_in() {
        let life = edited(&[
            &[("happy", State::Active), ("sad", State::Active)],
            &[("happy", State::Active), ("sad", State::Deprecated)],
            &[("happy", State::Active)],
        ]);
        let row = |change: &Change| Progress {
            position: if change.id.starts_with("0001") { change.steps.len() } else { 0 },
            ..Progress::of(change.clone(), "")
        };
        let mut rows: Vec<_> =
            life.iter().flat_map(|(_, changes)| changes.iter().map(row)).collect();
        let refusals = |release: usize, rows: &[Progress]| -> Vec<Why> {
            let vector = Vector::of_schema("shop", &life[release].0.schema);
            let found = judge(&vector, rows, &Catalog::default());
            found.into_iter().filter(|one| one.subject == "mood.sad").map(|one| one.why).collect()
        };
        let all = |rows: &[Progress]| [0, 1, 2].map(|release| refusals(release, rows));
        assert_eq!(all(&rows), [vec![], vec![], vec![Why::Unread]]);
        rows[2].position = rows[2].change.steps.len();
        assert_eq!(all(&rows).map(|found| found.is_empty()), [false, true, true]);
    }

    /// The coming of another value.
    fn value_of(name: &str) -> Change {
        let enumeration = Some(mood(&[(name, State::Adding)]));
        Change { enumeration, ..story(ChangeKind::AddValue, "mood") }
    }

    /// The type is made before its columns; a value waits for what is done to rows that may hold it, and for an
    /// earlier life of its own.
    #[test]
    fn what_meets_follows_one_another() {
        let life = edited(LIFE);
        let change = |edit: usize, place: usize| &life[edit].1[place];
        let (kind, table, add) = (change(0, 0), change(0, 1), change(1, 0));
        let (retire, again) = (change(3, 0), change(5, 0));
        assert!(kind.meets_type(table) && table.meets_type(kind));
        assert!(table.meets_type(retire) && add.meets_type(retire) && retire.meets_type(again));
        assert!(kind.meets_type(add) && !add.meets_type(&value_of("calm")));
        let other = |name: &str| Change {
            columns: vec![Column::new(name, ColumnType::Known("text".into()))],
            ..story(ChangeKind::AddNullable, "users")
        };
        assert!(!retire.meets_type(&other("bio")) && retire.meets_type(&other("mood")));
        assert!(!other("bio").meets_type(&other("bio")));
    }
}
