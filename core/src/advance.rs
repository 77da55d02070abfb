//! What may happen next to each change, forwards and back: pure, from the ledger's rows and the
//! checkout. Gates that need the fleet's evidence are the caller's next question ([`crate::gate`]).

use std::collections::BTreeSet;

use crate::lifecycle::PhaseRange;
use crate::migration::Change;
use crate::progress::Progress;
use crate::protocol::{Act, ChangeKind, Subject, Undo, window_after};
use crate::vector::Vector;

/// The next thing that a change can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it is finished.
    Finished,
    /// The step at its position.
    Step,
    /// It has to be taken back, and is not run any more: a later change abandons it, or takes back what it
    /// would do before it was done (rules L16 and L17). The title of that change.
    Back(String),
    /// Nothing: it was taken back, or never began, and is not run any more; for the same reasons.
    Void(String),
    /// An earlier change on the same name comes first; its title.
    After(String),
    /// A later change on the same name has begun without it; its title.
    Late(String),
    /// The checkout stands too low: running the step would shut it out (rules R34, L7).
    Checkout {
        /// The phase that is needed.
        needs: u8,
        /// The phases of the checkout; `None`: no phase is safe for it.
        has: Option<PhaseRange>,
    },
}

/// What the change at `index` can do next, running from a checkout with this vector.
pub fn next(rows: &[Progress], index: usize, checkout: &Vector) -> Next {
    let row = &rows[index];
    if let Some(by) = given_up(rows, index, checkout) {
        let title = rows[by].change.title();
        return if row.is_untouched() { Next::Void(title) } else { Next::Back(title) };
    }
    let Some(step) = row.next() else { return Next::Finished };
    if let Some(target) = abandoned(rows, index).filter(|target| !rows[*target].is_untouched()) {
        return Next::After(rows[target].change.title());
    }
    if !row.started() {
        let mut earlier = (0..index).filter(|earlier| abandoned(rows, index) != Some(*earlier));
        let stands_before = |earlier: &usize| {
            let other = &rows[*earlier];
            other.precedes(row) && !other.lets_begin(row) && !is_void(rows, *earlier, checkout)
        };
        if let Some(earlier) = earlier.find(stands_before) {
            return Next::After(rows[earlier].change.title());
        }
        let began = |later: &&Progress| row.precedes(later) && later.binds();
        if let Some(later) = rows[index + 1..].iter().find(began) {
            return Next::Late(later.change.title());
        }
    }
    let after = window_after(step.act, row.window());
    let range = checkout.range(&row.change);
    match range {
        Some(range) if range.high >= after.floor => Next::Step,
        has => Next::Checkout { needs: after.floor, has },
    }
}

/// The change that the one at `index` abandons: the latest before it on the same property.
pub fn abandoned(rows: &[Progress], index: usize) -> Option<usize> {
    let row = &rows[index];
    if row.change.kind != ChangeKind::Abandon {
        return None;
    }
    let is_it = |earlier: &Progress| {
        earlier.change.kind != ChangeKind::Abandon && same_property(row, earlier)
    };
    rows[..index].iter().rposition(is_it)
}

/// Whether the change at `index` is to be left out by this checkout, and nothing of it is done.
pub fn is_void(rows: &[Progress], index: usize, checkout: &Vector) -> bool {
    rows[index].is_untouched() && given_up(rows, index, checkout).is_some()
}

/// The change for the sake of which the one at `index` is not run any more.
fn given_up(rows: &[Progress], index: usize, checkout: &Vector) -> Option<usize> {
    let abandoned_by = (index + 1..rows.len()).find(|later| abandoned(rows, *later) == Some(index));
    abandoned_by
        .or_else(|| taken_back(rows, index, checkout))
        .or_else(|| (0..index).find(|earlier| taken_back(rows, *earlier, checkout) == Some(index)))
        .or_else(|| without_its_column(rows, index, checkout))
        .or_else(|| without_its_table(rows, index, checkout))
}

/// Why the table does not come that a change is about something of: then nothing of it can come or go.
fn without_its_table(rows: &[Progress], index: usize, checkout: &Vector) -> Option<usize> {
    let change = &rows[index].change;
    if matches!(change.kind.facts().subject, Subject::Table | Subject::Type) {
        return None;
    }
    let creates = |earlier: &Progress| {
        earlier.change.kind == ChangeKind::CreateTable && earlier.change.table == change.table
    };
    let last = rows[..index].iter().rposition(creates)?;
    if rows[last].is_untouched() { given_up(rows, last, checkout) } else { None }
}

/// Why a column does not come that an index speaks of: then the index cannot come, and need not go.
fn without_its_column(rows: &[Progress], index: usize, checkout: &Vector) -> Option<usize> {
    let change = &rows[index].change;
    if change.kind.facts().subject != Subject::Index {
        return None;
    }
    let gives_up_its_add = |name: &String| {
        let is_about_it = |earlier: &Progress| {
            earlier.change.table == change.table
                && earlier.change.touched().any(|column| column.name == *name)
        };
        let last = rows[..index].iter().rposition(is_about_it)?;
        let adds = adds(&rows[last].change, name);
        if adds && rows[last].is_untouched() { given_up(rows, last, checkout) } else { None }
    };
    change.names().iter().find_map(gives_up_its_add)
}

/// Rule L16: the later change that ends what the one at `index`, which is not finished, begins. The checkout is in its
/// last phase already, and so in no phase that the first could go through.
fn taken_back(rows: &[Progress], index: usize, checkout: &Vector) -> Option<usize> {
    let row = &rows[index];
    let follows = |later: &usize| {
        let other = &rows[*later];
        other.change.kind != ChangeKind::Abandon && same_property(other, row)
    };
    let later = (index + 1..rows.len()).find(follows).filter(|_| !row.finished())?;
    let change = &rows[later].change;
    let takes_back = change.kind.facts().takes_back.contains(&row.change.kind);
    let in_last_phase =
        |range: PhaseRange| range.low == range.high && range.high == change.phases.last;
    let is_past = match change.kind.facts().subject {
        Subject::Table => !checkout.links(&change.table),
        _ => checkout.range(change).is_some_and(in_last_phase),
    };
    (takes_back && is_past && rows[later].is_untouched()).then_some(later)
}

/// Whether two changes are about one property: the same name with the same birth.
fn same_property(one: &Progress, other: &Progress) -> bool {
    let (one, other) = (&one.change, &other.change);
    one.table == other.table && !one.properties().is_disjoint(&other.properties())
}

/// Whether two changes are about one name, whatever its birth.
fn same_name(one: &Change, other: &Change) -> bool {
    let names = |change: &Change| -> BTreeSet<_> {
        change
            .properties()
            .into_iter()
            .map(|(subject, name, _)| (subject, name.to_owned()))
            .collect()
    };
    one.table == other.table && !names(one).is_disjoint(&names(other))
}

/// Whether the checkout is past a change: a later one on the same name goes on from its end, and has a phase for
/// it. On a database that nobody has used yet the first is run all the same, since nobody can be shut out and the
/// later one follows.
pub fn is_history(rows: &[Progress], index: usize, checkout: &Vector) -> bool {
    let goes_on = |later: &&Progress| {
        let change = &later.change;
        change.phases.last > 0
            && same_name(&rows[index].change, change)
            && checkout.range(change).is_some()
    };
    rows[index + 1..].iter().any(|later| goes_on(&later))
}

/// The last step of a change, if it may be taken back now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back {
    /// It has not started, or is wholly undone.
    Undone,
    /// The step before its position.
    Step,
    /// A later change on the same name has started; its title.
    Under(String),
    /// The point of no return is behind it.
    NoReturn,
    /// The rows cannot be given back what `reverse` does not say.
    NoReverse,
}

/// Whether the last step of the change at `index` may be taken back.
pub fn back(rows: &[Progress], index: usize, database: crate::types::Database) -> Back {
    let row = &rows[index];
    let Some(step) = row.last() else { return Back::Undone };
    let is_later = |other: &&Progress| !other.is_untouched() && stands_upon(other, row);
    let is_change = |other: &&Progress| other.change.kind != ChangeKind::Abandon;
    if let Some(later) = rows[index + 1..].iter().filter(is_change).find(is_later) {
        return Back::Under(later.change.title());
    }
    let relaxed = row.change.targets(Act::Relax);
    let reverse = match row.change.value_of_type() {
        Some(value) => !value.replace_with.is_empty(),
        None => relaxed.iter().all(|column| column.reverse.on(database).is_some()),
    };
    match step.act {
        act if act.facts().undo == Undo::Impossible => Back::NoReturn,
        Act::Relax if !reverse => Back::NoReverse,
        _ => Back::Step,
    }
}

/// Whether a later change would fall with this one: it is about the same name, or built upon what this one adds. One
/// that merely speaks of the same column stays: an index does where its column may be NULL again.
fn stands_upon(later: &Progress, row: &Progress) -> bool {
    let (change, other) = (&row.change, &later.change);
    let is_of_a_type = change.enumeration.is_some() || other.enumeration.is_some();
    let about_table = |change: &Change| change.kind.facts().subject == Subject::Table;
    // What references a key from another table stands upon it too.
    if is_of_a_type || about_table(change) || about_table(other) || !change.key.is_empty() {
        return row.precedes(later);
    }
    let is_built = other.names().iter().any(|name| adds(change, name));
    change.table == other.table && is_built || same_name(change, other)
}

/// Whether a change adds a column of this name.
fn adds(change: &Change, name: &str) -> bool {
    let is_there = change.columns.iter().any(|column| column.name == name);
    is_there && change.has(Act::Add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::State;
    use crate::lock::{Lock, Recorded};
    use crate::plan::{Wish, plan};
    use crate::schema::{Column, Schema, Table};
    use crate::types::{ColumnType, Database};

    /// A lock file and the ledger's rows after these edits of one table, nothing done yet.
    fn after(edits: &[Vec<(&str, State)>]) -> (Lock, Vec<Progress>) {
        let schemas: Vec<_> = edits.iter().map(|edit| schema(edit)).collect();
        after_all(&schemas)
    }

    fn after_all(schemas: &[Schema]) -> (Lock, Vec<Progress>) {
        let mut lock = Lock { databases: vec![Database::Sqlite], ..Lock::default() };
        let mut rows = Vec::new();
        for schema in schemas {
            let outcome = plan(&lock, schema, Wish::default()).expect("a legal edit");
            lock.schema = outcome.schema;
            let Some(migration) = outcome.migration else { continue };
            lock.migrations
                .push(Recorded { id: migration.manifest.id.clone(), hash: migration.hash() });
            let id = migration.manifest.id;
            rows.extend(migration.manifest.changes.into_iter().map(|c| Progress::of(c, &id)));
        }
        (lock, rows)
    }

    fn schema(columns: &[(&str, State)]) -> Schema {
        let columns = columns.iter().map(|(name, state)| Column {
            state: *state,
            ..Column::new(*name, ColumnType::Known("text".into()))
        });
        Schema::of(vec![Table {
            primary_key: vec!["id".into()],
            columns: columns.collect(),
            ..Table::new("t")
        }])
    }

    /// Runs every step that may run, without gates; the positions.
    fn run(rows: &mut [Progress], checkout: &Vector) -> Vec<usize> {
        loop {
            let step = (0..rows.len()).find(|index| next(rows, *index, checkout) == Next::Step);
            let Some(index) = step else { return rows.iter().map(|row| row.position).collect() };
            rows[index].position += 1;
        }
    }

    const BASE: &[(&str, State)] = &[("id", State::Active), ("n", State::Active)];
    const BOTH: &[(&str, State)] =
        &[("id", State::Active), ("n", State::Deprecated), ("h", State::Adding)];
    const LAST: &[(&str, State)] = &[("id", State::Active), ("h", State::Active)];

    /// The worked example without its replacement, on a database without a fleet.
    #[test]
    fn the_checkout_is_the_cap() {
        let (lock, mut rows) = after(&[BASE.to_vec(), BOTH.to_vec()]);
        let second = Vector::of_schema("p", &lock.schema);
        // Created; `n` begun, required, relaxed, admitted; `h` added up to its end.
        assert_eq!(run(&mut rows, &second), [2, 4, 6]);
        assert!(matches!(next(&rows, 1, &second), Next::Checkout { needs: 2, .. }));
        let (lock, _) = after(&[BASE.to_vec(), BOTH.to_vec(), LAST.to_vec()]);
        let third = Vector::of_schema("p", &lock.schema);
        assert_eq!(run(&mut rows, &third), [2, 6, 6]);
    }

    /// An older checkout runs what does not shut it out, and no more.
    #[test]
    fn an_older_checkout_goes_as_far_as_it_may() {
        let (first, _) = after(&[BASE.to_vec()]);
        let (_, mut rows) = after(&[BASE.to_vec(), BOTH.to_vec()]);
        let first = Vector::of_schema("p", &first.schema);
        assert_eq!(run(&mut rows, &first), [2, 1, 2]);
    }

    /// Only what goes on from the end of a change makes it history, and not what merely speaks of its column.
    #[test]
    fn history_is_what_a_later_change_of_the_same_name_goes_on_from() {
        let going: &[(&str, State)] = &[("id", State::Active), ("n", State::Deprecated)];
        let dropped: &[(&str, State)] = &[("id", State::Active)];
        let again: &[(&str, State)] = &[("id", State::Active), ("n", State::Adding)];
        let (lock, rows) = after(&[BASE, going, dropped, again].map(<[_]>::to_vec));
        assert!(is_history(&rows, 1, &Vector::of_schema("p", &lock.schema)));

        let (mut lock, mut rows) = after(&[BASE, going].map(<[_]>::to_vec));
        let mut table = lock.schema.tables[0].clone();
        table.indexes.push(crate::schema::Index {
            name: "t_n_idx".into(),
            keys: vec![crate::schema::IndexKey::Up("n".into())],
            predicate: crate::types::PerDatabase::Nowhere,
        });
        let indexed = Schema::of(vec![table]);
        let outcome = plan(&lock, &indexed, Wish::default()).expect("a legal edit");
        let index = outcome.migration.expect("it makes the index").manifest.changes.remove(0);
        rows.push(Progress::of(index, "0003"));
        lock.schema = outcome.schema;
        assert!(rows[1].precedes(&rows[2]));
        assert!(!is_history(&rows, 1, &Vector::of_schema("p", &lock.schema)));
    }

    /// Each would take their index along when it is dropped, and neither waits for the other: the column that comes is
    /// named by the release without which the other one cannot go.
    #[test]
    fn columns_that_share_an_index_do_not_follow_one_another() {
        let release = |n, more: &[Column]| {
            let mut schema = schema(&[("id", State::Active), ("n", n), ("m", State::Active)]);
            schema.tables[0].columns.extend_from_slice(more);
            schema.tables[0].indexes.push(crate::schema::Index {
                name: "t_idx".into(),
                keys: ["n", "m"].map(|name| crate::schema::IndexKey::Up(name.into())).into(),
                predicate: crate::types::PerDatabase::Nowhere,
            });
            schema
        };
        let new = Column {
            state: State::Adding,
            replaces: vec!["m".into()],
            ..Column::new("h", ColumnType::Known("text".into()))
        };
        let (lock, mut rows) =
            after_all(&[release(State::Active, &[]), release(State::Deprecated, &[new])]);
        let kinds: Vec<_> = rows.iter().map(|row| row.change.kind.facts().verb).collect();
        assert_eq!(kinds, ["create", "drop", "replace"]);
        rows[0].position = 2;
        let checkout = Vector::of_schema("p", &lock.schema);
        assert_eq!(next(&rows, 2, &checkout), Next::Step);
    }

    /// An index on a column needs the column, and not that it is NOT NULL.
    #[test]
    fn what_is_built_upon_a_column_holds_back_its_addition_alone() {
        let (lock, mut rows) = after(&[BASE.to_vec(), BOTH.to_vec()]);
        let mut table = lock.schema.tables[0].clone();
        table.indexes.extend(["n", "h"].map(|name| crate::schema::Index {
            name: format!("t_{name}_idx"),
            keys: vec![crate::schema::IndexKey::Up(name.into())],
            predicate: crate::types::PerDatabase::Nowhere,
        }));
        let outcome = plan(&lock, &Schema::of(vec![table]), Wish::default()).expect("a legal edit");
        let indexes = outcome.migration.expect("it makes the indexes").manifest.changes;
        rows.extend(indexes.into_iter().map(|change| Progress::of(change, "0003")));
        let kinds: Vec<_> = rows.iter().map(|row| row.change.kind.facts().verb).collect();
        assert_eq!(kinds, ["create", "drop", "add", "index", "index"]);
        for row in &mut rows {
            row.position = 1;
        }
        assert_eq!(back(&rows, 1, Database::Sqlite), Back::Step);
        assert!(matches!(back(&rows, 2, Database::Sqlite), Back::Under(_)));
    }

    /// The constraint goes when the release is live, and the release names the column: one that waited for the other
    /// would wait for ever.
    #[test]
    fn a_column_is_replaced_while_what_guards_it_goes() {
        use crate::schema::{Constraint, Guard};
        let guarded = |state, more: &[Column]| {
            let mut schema = schema(BASE);
            let columns = vec!["n".to_owned()];
            let guard = Guard::Unique { columns };
            let one = Constraint { name: "t_n_key".into(), guard, state, born: String::new() };
            schema.tables[0].constraints.push(one);
            schema.tables[0].columns.extend_from_slice(more);
            schema
        };
        let new = Column {
            state: State::Adding,
            replaces: vec!["n".into()],
            ..Column::new("h", ColumnType::Known("text".into()))
        };
        let (lock, mut rows) =
            after_all(&[guarded(State::Active, &[]), guarded(State::Deprecated, &[new])]);
        let kinds: Vec<_> = rows.iter().map(|row| row.change.kind.facts().verb).collect();
        assert_eq!(kinds, ["create", "unguard", "replace"]);
        let checkout = Vector::of_schema("p", &lock.schema);
        rows[0].position = 2;
        assert!(matches!(next(&rows, 2, &checkout), Next::After(_)));
        rows[1].position = 1;
        assert_eq!(next(&rows, 2, &checkout), Next::Step);
    }

    /// What was created and dropped, and what was changed in between, on a database that is left behind by all of it.
    #[test]
    fn nothing_comes_of_a_table_that_does_not_come() {
        let named = |state: Option<State>| {
            let n = state.map(|state| ("n", state));
            let mut schema =
                schema(&[("id", State::Active)].into_iter().chain(n).collect::<Vec<_>>());
            schema.tables[0].name = "other".into();
            schema.tables[0].clone()
        };
        let with = |state| Schema::of(vec![schema(BASE).tables[0].clone(), named(state)]);
        let (mut lock, mut rows) =
            after_all(&[schema(BASE), with(None), with(Some(State::Adding))]);
        let retire = ["other".to_owned()];
        let outcome = plan(&lock, &schema(BASE), Wish { name: None, retire: &retire });
        let outcome = outcome.expect("a legal edit");
        lock.schema = outcome.schema;
        let last = outcome.migration.expect("it drops the table").manifest;
        rows.extend(last.changes.into_iter().map(|change| Progress::of(change, &last.id)));
        let kinds: Vec<_> = rows.iter().map(|row| row.change.kind.facts().verb).collect();
        assert_eq!(kinds, ["create", "create", "add", "retire"]);
        assert_eq!(run(&mut rows, &Vector::of_schema("p", &lock.schema)), [2, 0, 0, 0]);
    }

    /// Neither the column nor its index comes, on a database that is left behind by both; the index that another
    /// column has is made.
    #[test]
    fn an_index_does_not_come_without_its_column() {
        let release = |state: Option<State>, indexed: &[&str]| {
            let h = state.map(|state| ("h", state));
            let mut schema = schema(&BASE.iter().copied().chain(h).collect::<Vec<_>>());
            schema.tables[0].indexes.extend(indexed.iter().map(|name| crate::schema::Index {
                name: format!("t_{name}_idx"),
                keys: vec![crate::schema::IndexKey::Up((*name).to_owned())],
                predicate: crate::types::PerDatabase::Nowhere,
            }));
            schema
        };
        let (lock, mut rows) = after_all(&[
            release(None, &[]),
            release(Some(State::Adding), &["h", "n"]),
            release(Some(State::Active), &["h", "n"]),
            release(Some(State::Deprecated), &["n"]),
            release(None, &["n"]),
        ]);
        let kinds: Vec<_> = rows.iter().map(|row| row.change.kind.facts().verb).collect();
        assert_eq!(kinds, ["create", "add", "index", "index", "unindex", "drop"]);
        let checkout = Vector::of_schema("p", &lock.schema);
        assert_eq!(run(&mut rows, &checkout), [2, 0, 0, 1, 0, 0]);
    }

    /// Changes on one name follow one another, forwards and back (rules L4 and L5).
    #[test]
    fn changes_on_one_name_follow_one_another() {
        let dropped: &[(&str, State)] = &[("id", State::Active)];
        let going: &[(&str, State)] = &[("id", State::Active), ("n", State::Deprecated)];
        let again: &[(&str, State)] = &[("id", State::Active), ("n", State::Adding)];
        let (lock, mut rows) = after(&[BASE, going, dropped, again].map(<[_]>::to_vec));
        let checkout = Vector::of_schema("p", &lock.schema);
        assert!(matches!(next(&rows, 2, &checkout), Next::After(_)));
        assert_eq!(run(&mut rows, &checkout), [2, 6, 6]);
        assert_eq!(back(&rows, 2, Database::Sqlite), Back::Step);
        assert!(matches!(back(&rows, 1, Database::Sqlite), Back::Under(_)));
        rows[2].position = 0;
        assert_eq!(back(&rows, 1, Database::Sqlite), Back::NoReturn);
        rows[1].position = 3;
        assert_eq!(back(&rows, 1, Database::Sqlite), Back::NoReverse);
        rows[1].position = 2;
        assert_eq!(back(&rows, 1, Database::Sqlite), Back::Step);
        rows[1].position = 0;
        assert_eq!(back(&rows, 1, Database::Sqlite), Back::Undone);
    }
}
