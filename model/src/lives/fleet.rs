//! Instances over releases: they start, read, write and stop.

use colmig_core::lifecycle::{Access, Stand};

use super::story::Struct;
use super::{Lives, NOTHING, Row, State};
use crate::change::{Level, Stranger};
use crate::search::{Moves, Violation};

/// Whether it may write NULL.
fn writes_null(stand: Stand) -> bool {
    matches!(stand, Stand::Optional | Stand::Loose)
}

impl Lives {
    pub(super) fn instances(
        &self,
        state: &State,
        moves: &mut Moves<State>,
    ) -> Result<(), Violation> {
        let mut last = None;
        for build in state.live() {
            if last.replace(build) == Some(build) {
                continue;
            }
            self.statements(state, build, moves)?;
            if !self.story.resident.contains(&build) {
                moves.push(state.stopping(build), || format!("stop {}", self.name(build)));
            }
        }
        if self.story.stranger && state.stranger != Stranger::Gone {
            self.stranger(state, moves)?;
        }
        self.starts(state, moves);
        Ok(())
    }

    /// R1, which never registers.
    fn stranger(&self, state: &State, moves: &mut Moves<State>) -> Result<(), Violation> {
        if state.stranger == Stranger::Connected {
            self.statements(state, 0, moves)?;
        }
        for (stranger, does) in [
            (Stranger::Connected, "opens a session"),
            (Stranger::Hidden, "is between two sessions"),
            (Stranger::Gone, "is gone for good"),
        ] {
            moves.push(State { stranger, ..*state }, || format!("unregistered R1 {does}"));
        }
        Ok(())
    }

    fn starts(&self, state: &State, moves: &mut Moves<State>) {
        let releases = state.live().filter(|build| self.is_release(*build)).count();
        let others = state.live().count() - releases;
        let side = (0..self.story.builds.len()).filter(|build| !self.is_release(*build));
        for build in self.story.deployed.iter().copied().chain(side) {
            let release = self.is_release(build);
            let full = if release { releases >= self.run.instances } else { others > 0 };
            let older = release && !self.checkouts(state).any(|checkout| checkout == build);
            let stranger = build == 0 && self.story.stranger;
            if full || older || stranger || !self.admits(build, &state.positions, &state.columns) {
                continue;
            }
            let mut after = state.starting(build);
            if release {
                after.proven |= 1 << build;
            }
            moves.push(after, || format!("start {}", self.name(build)));
        }
    }

    pub(super) fn is_release(&self, build: usize) -> bool {
        self.story.builds[build].is_release()
    }

    /// The releases that may be deployed or checked out; forward only: the newest that ran, and the next.
    pub(super) fn checkouts(&self, state: &State) -> impl Iterator<Item = usize> + '_ {
        let newest = state.proven.checked_ilog2().expect("one release ran") as usize;
        let releases = (0..self.story.builds.len()).filter(|build| self.is_release(*build));
        let all = self.story.deployed.len() == releases.count();
        let is_next = move |build: &usize| newest <= *build && (!all || *build <= newest + 1);
        let forward = self.run.forward;
        self.story.deployed.iter().copied().filter(move |build| !forward || is_next(build))
    }

    /// Everything that a build may read and write.
    fn statements(
        &self,
        state: &State,
        build: usize,
        moves: &mut Moves<State>,
    ) -> Result<(), Violation> {
        let name = self.name(build);
        for entry in &self.story.builds[build].structs {
            self.read(state, entry).map_err(|what| Violation(format!("{name} reads: {what}")))?;
        }
        for entry in &self.story.builds[build].structs {
            for place in 0..self.run.rows {
                self.write_row(state, entry, place, moves)
                    .map_err(|what| Violation(format!("{name} writes: {what}")))?;
            }
        }
        Ok(())
    }

    fn read(&self, state: &State, entry: &Struct) -> Result<(), String> {
        for (property, stand) in &entry.stands {
            if matches!(stand, Stand::Adding | Stand::Deprecated | Stand::Loose) {
                continue;
            }
            let (label, place) = (self.label(*property), property.column);
            let column = state.columns[place];
            if column.level == Level::Missing {
                return Err(format!("statement error: missing column {label}"));
            }
            if column.born != property.born {
                return Err(format!("another column of the name {label}"));
            }
            for row in state.rows.iter().flatten() {
                let (value, truth) = (row.values[place], row.truths[place]);
                if value.is_none() && *stand == Stand::Required {
                    return Err(format!("NULL in {label} as required"));
                }
                if truth.is_some() && value != truth {
                    return Err(format!("stale or lost {label}={value:?}, truth={truth:?}"));
                }
            }
        }
        Ok(())
    }

    fn write_row(
        &self,
        state: &State,
        entry: &Struct,
        place: usize,
        moves: &mut Moves<State>,
    ) -> Result<(), String> {
        let before = state.rows[place];
        if entry.access == Access::ReadOnly || (entry.access == Access::Partial && before.is_none())
        {
            return Ok(());
        }
        // Two values, where one of them can be stale; NULL, where it may be written.
        let stale = entry.stands.iter().any(|(property, _)| self.is_replaced(property.column));
        let loose = entry.stands.iter().any(|(_, stand)| writes_null(*stand));
        let values: &[u8] = if stale { &[1, 2] } else { &[1] };
        let options: &[Option<u8>] = if loose { &[None, Some(1)] } else { &[Some(1)] };
        let mut push = |row: Option<Row>, what: &str| {
            if row != before {
                let mut after = *state;
                after.rows[place] = row;
                moves.push(after, || format!("{what} row {place}, now {row:?}"));
            }
        };
        for value in values {
            for option in options {
                let row = self.written(state, entry, before, *value, *option)?;
                push(Some(row), if before.is_some() { "an update of" } else { "an insert of" });
            }
        }
        if entry.access == Access::Writer {
            push(None, "a delete of");
        }
        Ok(())
    }

    fn written(
        &self,
        state: &State,
        entry: &Struct,
        before: Option<Row>,
        value: u8,
        option: Option<u8>,
    ) -> Result<Row, String> {
        let mut row = before.unwrap_or(NOTHING);
        for place in 0..self.story.columns.len() {
            let column = state.columns[place];
            let label = &self.story.columns[place].name;
            let named = entry.stands.iter().find(|(property, _)| property.column == place);
            if let Some((property, stand)) = named {
                if column.level == Level::Missing {
                    return Err(format!("statement error: missing column {label}"));
                }
                if column.born != property.born {
                    return Err(format!("into another column of the name {label}"));
                }
                row.values[place] = if writes_null(*stand) { option } else { Some(value) };
                self.know(&mut row, place);
            } else if before.is_none() && column.level.has_default() {
                row.values[place] = Some(0);
            }
        }
        self.keep_alike(state, entry, &mut row);
        for (place, column) in state.columns.iter().enumerate().take(self.story.columns.len()) {
            let label = &self.story.columns[place].name;
            if column.level.is_required() && row.values[place].is_none() {
                return Err(format!("statement error: NULL in {label}, which is NOT NULL"));
            }
        }
        Ok(row)
    }

    /// A two-way trigger: where one column is written, the other follows.
    fn keep_alike(&self, state: &State, entry: &Struct, row: &mut Row) {
        let names = |column: usize| entry.stands.iter().any(|(p, _)| p.column == column);
        for column in (0..self.story.columns.len()).filter(|column| names(*column)) {
            let other = self.kept_alike(state, column).filter(|other| !names(*other));
            if let Some(other) = other {
                row.values[other] = row.values[column];
            }
        }
    }

    /// What was written is the truth; of a replacement in both columns.
    fn know(&self, row: &mut Row, place: usize) {
        let value = row.values[place];
        if self.is_replaced(place) {
            let replaced = (0..2).filter(|column| self.is_replaced(*column));
            replaced.for_each(|column| row.truths[column] = value);
        } else {
            row.truths[place] = value;
        }
    }
}
