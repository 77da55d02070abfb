//! What the source says now against what the lock file recorded.
//!
//! The derive and `generate` call the same two functions, so that what compiles is what is generated:
//! [`check_table`] finds the mistakes, [`edits`] lists the moves of a source without any.

mod by_trigger;
mod key;

use crate::lifecycle::{
    Access, Effect, Move, Nullability, State, When, move_between, null_move_between, pair_may_move,
    pair_remedies,
};
use crate::problem::{
    GUARD_CHANGED, ILLEGAL_MOVE, NOT_SUPPORTED, OWNER_CHANGED, Problem, STATE_AGAINST_TYPE,
    TYPE_CHANGED,
};
use crate::schema::{Column, Constraint, DualWrite, Table};
use crate::types::{ColumnType, DATABASES, Database};

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The table as a whole.
    Table,
    /// The column of this name.
    Column(String),
    /// The constraint of this name.
    Constraint(String),
}

/// A mistake and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub about: About,
    /// What is wrong and what to do.
    pub problem: Problem,
}

/// One column's move from the lock file to the source.
#[derive(Clone, Copy, Debug)]
pub struct Edit<'a> {
    /// The column as it is declared; as it was recorded, where the source no longer names it.
    pub column: &'a Column,
    /// The row of the table of moves.
    pub rule: &'static Move,
    /// What it does to the history: as the row says, unless the column is being replaced, or replaces others,
    /// since its moves belong to that change then.
    pub effect: Effect,
    /// The column as it was recorded.
    pub recorded: Option<&'a Column>,
}

/// Every column that moved, with its rule; columns that stay where they are have none. A struct that names
/// some columns of a table says nothing of the others.
pub fn edits<'a>(recorded: Option<&'a Table>, source: &'a Table) -> Vec<Edit<'a>> {
    let Some(recorded) = recorded else { return Vec::new() };
    let named = source.columns.iter().map(|column| {
        let before = recorded.column(&column.name);
        let from = before.map_or(State::Absent, |column| column.state);
        let rule = move_between(from, column.state);
        let effect = effect(rule, &column.name, recorded, source);
        Edit { column, rule, effect, recorded: before }
    });
    let is_whole = declares(recorded, source);
    let gone = recorded.columns.iter().filter(|column| source.column(&column.name).is_none());
    let gone = gone.filter(|_| is_whole).map(|column| {
        let rule = move_between(column.state, State::Absent);
        let effect = effect(rule, &column.name, recorded, source);
        Edit { column, rule, effect, recorded: Some(column) }
    });
    named
        .chain(gone)
        .filter(|edit| edit.effect != Effect::Nothing || edit.rule.when == When::Never)
        .collect()
}

/// A column that is being replaced goes on with that change where another one would begin its drop.
fn effect(rule: &Move, name: &str, recorded: &Table, source: &Table) -> Effect {
    match rule.effect {
        Effect::Begins if rule.from == State::Active && replaced(name, recorded, source) => {
            Effect::GoesOn
        }
        effect => effect,
    }
}

/// Whether a column was recorded that is on its way to replace this one, or one comes that a trigger keeps alike
/// with it: that one may replace it in the very edit that begins it.
fn replaced(name: &str, recorded: &Table, source: &Table) -> bool {
    let replaces = |other: &&Column| other.replaces.iter().any(|source| source == name);
    let is_coming = |other: &&Column| {
        other.dual_write == DualWrite::Trigger && recorded.column(&other.name).is_none()
    };
    recorded.columns.iter().any(|other| replaces(&other) && other.state == State::Adding)
        || source.columns.iter().any(|other| replaces(&other) && is_coming(&other))
}

/// Every replacement whose columns did not move together: of those that are under way, and of those that begin
/// with a trigger. Without one, the moves of each column alone say how a replacement begins.
fn apart(recorded: &Table, source: &Table) -> Vec<(String, Problem)> {
    let state =
        |table: &Table, name: &str| table.column(name).map_or(State::Absent, |column| column.state);
    let begins = |new: &&Column| {
        new.dual_write == DualWrite::Trigger && recorded.column(&new.name).is_none()
    };
    let mut found = Vec::new();
    for new in recorded.columns.iter().chain(source.columns.iter().filter(begins)) {
        for old in new.replaces.iter().filter(|old| recorded.column(old).is_some()) {
            let before = (state(recorded, old), state(recorded, &new.name));
            let after = (state(source, old), state(source, &new.name));
            if pair_may_move(before, after, new.dual_write == DualWrite::Trigger) {
                continue;
            }
            let problem = ILLEGAL_MOVE
                .problem(format!(
                    "`{}` replaces `{old}`, and they were {} and {}: they cannot be {} and {} in the next release",
                    new.name, before.1, before.0, after.1, after.0
                ));
            let problem = pair_remedies(old, &new.name).into_iter().fold(problem, Problem::help);
            found.push((new.name.clone(), problem));
        }
    }
    found
}

/// Whether a struct declares the whole table, as it was recorded, and not some columns of it beside the
/// struct that does.
fn declares(recorded: &Table, source: &Table) -> bool {
    source.access != Access::Partial && recorded.access == source.access
}

/// Every column that stays active and changes its nullability: what was recorded, what is declared, and what
/// that does. From the middle, one end goes on and the other is a change of mind.
pub fn null_edits<'a>(
    recorded: &'a Table,
    source: &'a Table,
) -> Vec<(&'a Column, &'a Column, Effect)> {
    let edit = |new: &'a Column| {
        let old = recorded.column(&new.name).filter(|old| reads(old) && reads(new))?;
        let effect = match null_move_between(old.nullability, new.nullability).effect {
            Effect::GoesOn if old.upheld_from == Some(new.nullability) => Effect::Abandons,
            effect => effect,
        };
        (effect != Effect::Nothing).then_some((old, new, effect))
    };
    source.columns.iter().filter_map(edit).collect()
}

/// Every mistake of one table against its record, in a project with these databases; `None` means that the table is
/// new.
pub fn check_table(
    recorded: Option<&Table>,
    source: &Table,
    databases: &[Database],
) -> Vec<Finding> {
    let Some(recorded) = recorded else { return new_table(source) };
    let mut findings = whole_table(recorded, source);
    for edit in edits(Some(recorded), source) {
        findings.extend(illegal(&edit).map(|problem| on_column(source, edit.column, problem)));
    }
    for column in &source.columns {
        let old = recorded.column(&column.name);
        let old = old.filter(|old| !key::is_wide_already(old, column, databases));
        let problem = old.and_then(|old| changed(old, column, databases));
        findings.extend(problem.map(|problem| on_column(source, column, problem)));
    }
    if declares(recorded, source) {
        findings.extend(constraints(recorded, source));
        findings.extend(by_trigger::check(recorded, source));
        let found = findings.iter().any(|finding| matches!(finding.about, About::Column(_)));
        // Two columns that moved apart are one mistake, which a move of either alone may have said already.
        for (column, problem) in apart(recorded, source).into_iter().filter(|_| !found) {
            let problem = problem.at(format!("{}.{column}", source.name));
            findings.push(Finding { about: About::Column(column), problem });
        }
    }
    findings
}

fn on_table(table: &Table, problem: Problem) -> Finding {
    Finding { about: About::Table, problem: problem.at(table.name.clone()) }
}

fn on_column(table: &Table, column: &Column, problem: Problem) -> Finding {
    let problem = problem.at(format!("{}.{}", table.name, column.name));
    Finding { about: About::Column(column.name.clone()), problem }
}

fn on_constraint(table: &Table, constraint: &Constraint, problem: Problem) -> Finding {
    let problem = problem.at(format!("{}.{}", table.name, constraint.name));
    Finding { about: About::Constraint(constraint.name.clone()), problem }
}

/// A table that is made here has no rows and no readers, so nothing in it has a life yet. One of another
/// project, or one that a struct beside this one declares, may be full of both.
fn new_table(source: &Table) -> Vec<Finding> {
    if !source.owner.is_empty() || source.access == Access::Partial {
        return Vec::new();
    }
    let plain = "a new table has no rows and no readers: write";
    let mut findings = by_trigger::in_new_table(source);
    for column in &source.columns {
        let (name, state) = (&column.name, column.state);
        let problem = if state != State::Active {
            ILLEGAL_MOVE
                .problem(format!("`{name}` is {state}, but its table is new"))
                .help(format!("{plain} a plain field"))
        } else if column.nullability == Nullability::Upholds {
            ILLEGAL_MOVE
                .problem(format!("`{name}` is `RequiredOnWrite`, but its table is new"))
                .help(format!("{plain} the type alone"))
        } else {
            continue;
        };
        findings.push(on_column(source, column, problem));
    }
    for one in source.constraints.iter().filter(|one| one.state != State::Active) {
        let problem = ILLEGAL_MOVE
            .problem(format!("`{}` is {}, but its table is new", one.name, one.state))
            .help(format!("{plain} it without `{}`", one.state));
        findings.push(on_constraint(source, one, problem));
    }
    findings
}

/// What is wrong with the table as a whole.
fn whole_table(recorded: &Table, source: &Table) -> Vec<Finding> {
    let names_its_key = source.access == Access::Writer || !source.primary_key.is_empty();
    let mut problems = Vec::new();
    // What is the key of another project's table, that one says.
    if names_its_key
        && source.owner.is_empty()
        && key::after(recorded, source) != source.primary_key
    {
        problems.push(key::changed(recorded, source));
    }
    if recorded.owner != source.owner {
        problems.push(owner_changed(recorded, source));
    }
    if recorded.access != Access::Writer && source.access == Access::Writer {
        problems.push(
            NOT_SUPPORTED
                .problem("the struct only read its table, and now it writes it")
                .help("take `read_only` back, or declare the table in the project that writes it"),
        );
    }
    problems.into_iter().map(|problem| on_table(source, problem)).collect()
}

fn owner_changed(recorded: &Table, source: &Table) -> Problem {
    let show = |owner: &str| match owner {
        "" => "this project".to_owned(),
        owner => format!("`{owner}`"),
    };
    OWNER_CHANGED
        .problem(format!(
            "the table `{}` belonged to {} and now belongs to {}",
            source.name,
            show(&recorded.owner),
            show(&source.owner)
        ))
        .help("take the edit back: the history of a table stays with the project that made it")
        .help("to hand a table over, retire its struct here once the other project declares it, so that no release is left between two owners")
}

/// The moves of constraints. The database upholds none for a writer that does not know of it, so none
/// begins or ends at once.
fn constraints(recorded: &Table, source: &Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    for new in &source.constraints {
        let old = recorded.constraint(&new.name);
        let from = old.map_or(State::Absent, |old| old.state);
        let problem = match old.filter(|old| old.guard != new.guard) {
            Some(_) => Some(guard_changed(new)),
            None => illegal_guard(&new.name, from, new.state),
        };
        findings.extend(problem.map(|problem| on_constraint(source, new, problem)));
    }
    for old in &recorded.constraints {
        let problem = match source.constraint(&old.name) {
            Some(_) => None,
            None => illegal_guard(&old.name, old.state, State::Absent),
        };
        findings.extend(problem.map(|problem| on_constraint(source, old, problem)));
    }
    findings
}

fn illegal_guard(name: &str, from: State, to: State) -> Option<Problem> {
    let rule = move_between(from, to);
    let help = match (rule.when, to) {
        (When::Always, _) => return None,
        (When::Upheld, _) => {
            "write `adding` in its parentheses for one release, which keeps to it while older rows are checked"
        }
        (When::Dispensable, _) => {
            "write `deprecated` in its parentheses for one release, which still keeps to it while older releases rely on it"
        }
        (When::Never, State::Adding) => {
            "an active one can become `deprecated`, not `adding`; to begin anew, finish the drop first"
        }
        (When::Never, _) => "delete it, or begin it with `adding` in its parentheses",
    };
    Some(
        ILLEGAL_MOVE
            .problem(format!("`{name}` cannot go from {from} to {to} in one release"))
            .help(help),
    )
}

fn guard_changed(new: &Constraint) -> Problem {
    GUARD_CHANGED
        .problem(format!("`{}` guards something else than it was recorded to", new.name))
        .help("give the new one a name of its own, `name = \"…\"` with `adding`, and mark the old one `deprecated`")
}

/// What is wrong with this move, if anything.
fn illegal(edit: &Edit<'_>) -> Option<Problem> {
    let Edit { column, rule, .. } = edit;
    let illegal = |why: &str| {
        ILLEGAL_MOVE
            .problem(format!("`{}` cannot go from {} to {}{why}", column.name, rule.from, rule.to))
            .help(rule.remedy)
    };
    let by_trigger = column.dual_write == DualWrite::Trigger && !column.replaces.is_empty();
    match rule.when {
        When::Never => Some(illegal(" in one release")),
        // What a trigger upholds is judged with the column that it replaces.
        When::Upheld if by_trigger => None,
        When::Upheld if !column.dispensable() => Some(
            illegal(" at once: it is required, and the release that is still running does not write it")
                .help("or make it an `Option`, or give it a constant `default = \"…\"`"),
        ),
        When::Upheld if !column.backfill.is_nowhere() => Some(
            STATE_AGAINST_TYPE
                .problem(format!("`{}` has a backfill and is read at once", column.name))
                .help("rows are filled while the column is `adding`: write `#[colmig(adding, backfill = \"…\")]` and `WriteOnly<T>`"),
        ),
        // So is a column that is being replaced.
        When::Dispensable if edit.effect == Effect::GoesOn => None,
        When::Dispensable if !column.dispensable() => {
            Some(illegal(": the release that is still running reads it as required"))
        }
        _ if column.auto && rule.from == State::Absent => Some(
            NOT_SUPPORTED
                .problem(format!("`{}` is `auto` and its table exists", column.name))
                .help("numbering existing rows rewrites the table; add a plain column with a backfill"),
        ),
        _ => None,
    }
}

/// What changed in place and may not.
fn changed(old: &Column, new: &Column, databases: &[Database]) -> Option<Problem> {
    let name = &new.name;
    if !same_type(&old.ty, &new.ty, databases) {
        return Some(
            TYPE_CHANGED
                .problem(format!("`{name}` was {} and is now {}", old.ty, new.ty))
                .help("live statements of the running release break when a type changes: add a column of the new type beside it, then drop this one"),
        );
    }
    if let Some(problem) = nullability_of_a_write_only_column(old, new) {
        return Some(problem);
    }
    let rule = null_move_between(old.nullability, new.nullability);
    if !rule.remedy.is_empty() && reads(old) && reads(new) {
        return Some(
            ILLEGAL_MOVE
                .problem(format!(
                    "`{name}` cannot go from {} to {} in one release",
                    rule.from, rule.to
                ))
                .help(rule.remedy),
        );
    }
    if rule.effect == Effect::Begins
        && old.nullability == Nullability::Loose
        && reads(old)
        && reads(new)
        && new.backfill.is_nowhere()
    {
        return Some(
            STATE_AGAINST_TYPE
                .problem(format!(
                    "`{name}` is to be required, and nothing says what rows with NULL get"
                ))
                .help("add a value or an expression over the row: `#[colmig(backfill = \"''\")]`"),
        );
    }
    if old.generated != new.generated {
        return Some(
            TYPE_CHANGED
                .problem(format!("what `{name}` is generated from changed"))
                .help("the database would compute every row anew while it is locked: add a column of the new expression beside it, then drop this one"),
        );
    }
    if !new.replaces.is_empty() && old.replaces != new.replaces {
        return Some(
            ILLEGAL_MOVE
                .problem(format!("what `{name}` replaces changed"))
                .help("a column replaces what it replaced when it was added: take the edit back, or add another column"),
        );
    }
    if !new.replaces.is_empty() && old.dual_write != new.dual_write {
        return Some(
            ILLEGAL_MOVE
                .problem(format!("who keeps `{name}` and what it replaces alike changed"))
                .help("the migration that began it has made the trigger, or has none: take the edit back"),
        );
    }
    if old.auto != new.auto {
        return Some(
            NOT_SUPPORTED
                .problem(format!("`{name}` is `auto` in one release and not in the next"))
                .help("take the edit back; numbering begins with the table"),
        );
    }
    if old.default != new.default && !(reads(old) && reads(new)) {
        return Some(
            ILLEGAL_MOVE
                .problem(format!("the default of `{name}` changed while it is {}", old.state))
                .help("take the edit back: a default changes while the column is active"),
        );
    }
    None
}

/// The columns whose default changes: as they were recorded, and as they are declared.
pub fn redefaults<'a>(
    recorded: &'a Table,
    source: &'a Table,
) -> impl Iterator<Item = (&'a Column, &'a Column)> {
    let pairs = source.columns.iter().filter_map(|new| Some((recorded.column(&new.name)?, new)));
    pairs.filter(|(old, new)| reads(old) && reads(new) && old.default != new.default)
}

/// A type may be spelled otherwise and be the same, on every database that there is: what one of them takes for the same
/// may be of another width in Rust. A spelling need say nothing for a database that the project does not use.
fn same_type(old: &ColumnType, new: &ColumnType, databases: &[Database]) -> bool {
    let is_silent = |ty: &ColumnType, database| {
        matches!(ty, ColumnType::Sql(texts) if texts.on(database).is_none())
            && !databases.contains(&database)
    };
    let same = |database| match (old.on(database), new.on(database)) {
        (Ok(old), Ok(new)) => old.eq_ignore_ascii_case(new),
        (was, is) => {
            was.is_err() && is.is_err() || is_silent(old, database) || is_silent(new, database)
        }
    };
    old == new || DATABASES.iter().all(|(database, _)| same(*database))
}

fn reads(column: &Column) -> bool {
    column.state.facts().reads
}

/// A column that is not read is written as a `T` or as an `Option`, and this cannot change on the way in or
/// out: rows were filled for the one, or statements written for the other.
fn nullability_of_a_write_only_column(old: &Column, new: &Column) -> Option<Problem> {
    let turns_loose = old.optional() != new.optional();
    if reads(old) && reads(new) || !turns_loose {
        return None;
    }
    let right = match (old.optional(), reads(new)) {
        (true, true) => "Option<T>",
        (true, false) => "WriteOnly<Option<T>>",
        (false, true) => "T",
        (false, false) => "WriteOnly<T>",
    };
    Some(
        ILLEGAL_MOVE
            .problem(format!(
                "`{}` was {} while it was {}, and is now {}",
                new.name, old.nullability, old.state, new.nullability
            ))
            .help(format!("write `{right}`; its nullability changes once it is active")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::{MOVES, NULL_MOVES};
    use crate::problem::KEY_CHANGED;
    use crate::schema::Guard;
    use crate::types::PerDatabase;

    fn column(state: State, optional: bool, default: bool) -> Column {
        let default =
            if default { PerDatabase::Everywhere("0".into()) } else { PerDatabase::Nowhere };
        let nullability = if optional { Nullability::Loose } else { Nullability::Relies };
        Column { nullability, default, state, ..Column::new("c", ColumnType::Known("int8".into())) }
    }

    fn table(column: Option<Column>) -> Table {
        Table {
            primary_key: vec!["id".into()],
            born: "0001".into(),
            columns: column.into_iter().collect(),
            ..Table::new("t")
        }
    }

    /// All pairs of states, for a required, an optional and a defaulted column, against the table.
    #[test]
    fn every_move_is_judged_as_its_row_says() {
        for rule in MOVES {
            for (optional, default) in [(false, false), (true, false), (false, true)] {
                let make =
                    |state| (state != State::Absent).then(|| column(state, optional, default));
                let found = check_table(Some(&table(make(rule.from))), &table(make(rule.to)), &[]);
                let legal = rule.when.holds(optional || default);
                assert_eq!(found.is_empty(), legal, "{} → {}: {found:?}", rule.from, rule.to);
                assert!(found.iter().all(|f| !f.problem.help.is_empty()));
            }
        }
    }

    #[test]
    fn what_changes_in_place_is_found() {
        let old = table(Some(column(State::Active, false, false)));
        let mut retyped = old.clone();
        retyped.columns[0].ty = ColumnType::Known("text".into());
        let mut spelled = old.clone();
        spelled.columns[0].ty = ColumnType::Sql(PerDatabase::Each(
            [(Database::Postgres, "BIGINT".into()), (Database::Sqlite, "integer".into())].into(),
        ));
        assert_eq!(codes(Some(&old), &spelled), NONE, "another spelling of the same type");
        let mut tightened = old.clone();
        tightened.columns[0].nullability = Nullability::Loose;
        let mut rekeyed = old.clone();
        rekeyed.primary_key = vec!["c".into()];
        for (new, code) in
            [(retyped, TYPE_CHANGED), (tightened, ILLEGAL_MOVE), (rekeyed, KEY_CHANGED)]
        {
            assert_eq!(codes(Some(&old), &new), [code]);
        }
        assert!(check_table(Some(&old), &old, &[]).is_empty());
    }

    /// All pairs of nullabilities of an active column, against the table; and none changes with the state.
    #[test]
    fn every_nullability_is_judged_as_its_row_says() {
        let make = |state, nullability| Column { nullability, ..column(state, false, false) };
        for rule in NULL_MOVES {
            let old = table(Some(make(State::Active, rule.from)));
            let new = Column {
                backfill: PerDatabase::Everywhere("''".into()),
                ..make(State::Active, rule.to)
            };
            let found = check_table(Some(&old), &table(Some(new)), &[]);
            assert_eq!(found.is_empty(), rule.remedy.is_empty(), "{} → {}", rule.from, rule.to);
        }
        let adding = table(Some(make(State::Adding, Nullability::Relies)));
        let loose = table(Some(make(State::Active, Nullability::Loose)));
        assert_eq!(codes(Some(&adding), &loose), [ILLEGAL_MOVE]);
        let upheld = table(Some(make(State::Active, Nullability::Upholds)));
        let deprecated = table(Some(make(State::Deprecated, Nullability::Relies)));
        assert_eq!(codes(Some(&upheld), &deprecated), NONE);
    }

    const NONE: [&crate::Code; 0] = [];

    fn codes(recorded: Option<&Table>, source: &Table) -> Vec<&'static crate::Code> {
        check_table(recorded, source, &[Database::Postgres, Database::Sqlite])
            .iter()
            .map(|finding| finding.problem.code)
            .collect()
    }

    fn guarded(state: State, name: &str, columns: &[&str]) -> Table {
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        let constraint = Constraint {
            name: name.into(),
            guard: Guard::Unique { columns },
            state,
            born: "0001".into(),
        };
        Table { constraints: vec![constraint], ..table(None) }
    }

    /// All pairs of states of a constraint: it has a column's moves, and no database upholds it alone.
    #[test]
    fn a_constraint_moves_as_a_column_that_is_required() {
        for rule in MOVES {
            let make = |state| match state {
                State::Absent => table(None),
                state => guarded(state, "t_c_key", &["c"]),
            };
            let found = check_table(Some(&make(rule.from)), &make(rule.to), &[]);
            assert_eq!(found.is_empty(), rule.when == When::Always, "{} → {}", rule.from, rule.to);
            assert!(found.iter().all(|f| f.about == About::Constraint("t_c_key".into())));
        }
        let other = guarded(State::Active, "t_c_key", &["d"]);
        assert_eq!(
            codes(Some(&guarded(State::Active, "t_c_key", &["c"])), &other),
            [GUARD_CHANGED]
        );
    }

    #[test]
    fn what_is_new_has_no_life_yet() {
        let upholding =
            Column { nullability: Nullability::Upholds, ..column(State::Active, false, false) };
        for new in [
            table(Some(column(State::Adding, false, false))),
            table(Some(upholding)),
            guarded(State::Adding, "t_c_key", &["c"]),
        ] {
            assert_eq!(codes(None, &new), [ILLEGAL_MOVE]);
            let foreign = Table { owner: "shop".into(), ..new };
            assert_eq!(codes(None, &foreign), NONE);
        }
    }

    /// What names some columns says nothing of the others, of the key or of the constraints.
    #[test]
    fn a_partial_struct_is_judged_by_what_it_names() {
        let whole = Table {
            columns: vec![
                column(State::Active, false, false),
                Column { name: "d".into(), ..column(State::Active, false, false) },
            ],
            ..guarded(State::Active, "t_c_key", &["c"])
        };
        let part = |column| Table {
            access: Access::Partial,
            primary_key: Vec::new(),
            ..table(Some(column))
        };
        assert_eq!(codes(Some(&whole), &part(column(State::Active, false, false))), NONE);
        assert_eq!(codes(Some(&whole), &part(column(State::Adding, false, false))), [ILLEGAL_MOVE]);
        let taken = Table { owner: "shop".into(), ..part(column(State::Active, false, false)) };
        assert_eq!(codes(Some(&whole), &taken), [OWNER_CHANGED]);
    }

    #[test]
    fn what_is_computed_and_what_is_replaced_stay_as_they_were_recorded() {
        let plain = column(State::Active, false, false);
        let generated = Column { generated: PerDatabase::Everywhere("1".into()), ..plain.clone() };
        assert_eq!(
            codes(Some(&table(Some(plain.clone()))), &table(Some(generated))),
            [TYPE_CHANGED]
        );
        let replaces = Column { replaces: vec!["d".into()], ..plain.clone() };
        let (with, without) = (table(Some(replaces)), table(Some(plain)));
        assert_eq!(codes(Some(&without), &with), [ILLEGAL_MOVE]);
        assert_eq!(codes(Some(&with), &without), NONE);
    }
}
