//! Who may run: the model's own reading of rules L1, L2, L11, L12 and L13, with a switch for each.
//!
//! `colmig_core::admission` decides the same; a test compares the two in every state.

use colmig_core::lifecycle::{Access, PhaseRange, PhaseRow, Stand};
use colmig_core::protocol::{Act, ChangeKind};

use super::rules::Off;
use super::story::{Change, Kind, Property, Struct};
use super::{Column, Lives, last_phase};
use crate::change::Level;
use crate::replace;

/// The phases as they were first proposed; a test shows what they let happen.
pub(super) const FIRST_PHASES: &[(ChangeKind, PhaseRow)] = &[
    (
        ChangeKind::AddRequired,
        first(2, "absent:0 adding:1 required:2", "absent:0-2 required,optional,row:2"),
    ),
    (
        ChangeKind::AddNullable,
        first(1, "absent:0 adding,optional,required:1", "absent:0-1 optional,required,row:1"),
    ),
    (
        ChangeKind::AddDefault,
        first(1, "absent:0 adding,optional,required:1", "absent:0-1 optional,required,row:1"),
    ),
    (
        ChangeKind::DropRequired,
        first(
            2,
            "required:0 deprecated:1 absent:2",
            "required,optional,row,deprecated,adding:0 absent:0-2",
        ),
    ),
    (
        ChangeKind::DropNullable,
        first(
            1,
            "optional,required,deprecated:0 absent:1",
            "optional,required,deprecated:0 absent:1",
        ),
    ),
    (
        ChangeKind::DropDefault,
        first(
            1,
            "optional,required,deprecated:0 absent:1",
            "optional,required,deprecated:0 absent:1",
        ),
    ),
    (
        ChangeKind::Tighten,
        first(2, "absent,optional:0 row:1 required:2", "required:2 absent,optional,row:0-2"),
    ),
    (
        ChangeKind::Relax,
        first(2, "required:0 row:1 optional,absent:2", "required:0 absent,optional,row:0-2"),
    ),
];

const fn first(last: u8, writer: &'static str, reader: &'static str) -> PhaseRow {
    PhaseRow { last, writer, partial: "", reader }
}

impl Lives {
    /// What a struct does with a property. L12: a column of another birth is another property.
    fn stand(&self, entry: &Struct, property: Property) -> Stand {
        let same = |other: Property| {
            other == property || (self.off(Off::NoBirths) && other.column == property.column)
        };
        let found = entry.stands.iter().find(|(other, _)| same(*other));
        found.map_or(Stand::Absent, |(_, stand)| *stand)
    }

    fn phases(&self, change: &Change, entry: &Struct) -> Option<PhaseRange> {
        let stand = |property| self.stand(entry, property);
        let Kind::Core(kind) = change.kind else {
            return replace::phases(entry.access, stand(change.goes()), stand(change.comes()));
        };
        let first =
            FIRST_PHASES.iter().find(|(other, _)| self.off(Off::FirstTable) && *other == kind);
        let phases = first.map_or_else(|| kind.phases(change.default), |(_, row)| row.phases());
        phases.of(entry.access, stand(change.goes()))
    }

    /// The phases of a build in a change; `None`: it has none, and is refused.
    pub(super) fn judge_range(&self, build: usize, change: usize) -> Option<PhaseRange> {
        let changes = &self.story.changes;
        let mut range = PhaseRange { low: 0, high: last_phase(changes[change].kind) };
        // L13: a change has a window, and not all those that came with it.
        let judged = |other: &usize| match self.off(Off::OneWindow) {
            true => changes[*other].since == changes[change].since,
            false => *other == change,
        };
        for other in (0..changes.len()).filter(judged) {
            for entry in &self.story.builds[build].structs {
                range = range.intersect(self.phases(&changes[other], entry)?)?;
            }
        }
        // L11: what cannot matter stands in many phases.
        let single = PhaseRange { high: range.low, ..range };
        Some(if self.off(Off::NoRanges) { single } else { range })
    }

    /// Whether a build may start.
    pub(super) fn admits(&self, build: usize, positions: &[u8; 3], columns: &[Column; 2]) -> bool {
        self.properties.iter().all(|p| self.admits_for(build, *p, positions, columns))
    }

    fn admits_for(
        &self,
        build: usize,
        property: Property,
        positions: &[u8; 3],
        columns: &[Column; 2],
    ) -> bool {
        let done = |change: usize| usize::from(positions[change]) >= self.chains[change].len();
        let started = |change: &usize| positions[*change] > 0 && self.concerns(*change, property);
        let changes = || (0..self.chains.len()).filter(started);
        let dropped = |change: usize| {
            done(change)
                && self.chains[change].last() == Some(&Act::Drop)
                && self.story.changes[change].goes() == property
        };
        if !self.off(Off::NoBirths) && changes().any(dropped) {
            let names = |entry: &Struct| self.stand(entry, property) != Stand::Absent;
            if self.story.builds[build].structs.iter().any(names) {
                return false;
            }
            if !self.off(Off::EveryWindow) {
                return true;
            }
        }
        let forgotten = |change: usize| self.off(Off::Forgotten) && done(change);
        let mut in_force = changes().filter(|change| !forgotten(*change)).peekable();
        if in_force.peek().is_none() {
            return self.off(Off::NoCatalog) || self.is_grounded(build, property, columns);
        }
        // L1: the latest decides.
        if self.off(Off::EveryWindow) {
            return in_force.all(|change| self.meets(build, change, positions));
        }
        in_force.last().is_none_or(|change| self.meets(build, change, positions))
    }

    fn concerns(&self, change: usize, property: Property) -> bool {
        let properties = &self.story.changes[change].properties;
        properties.contains(&property)
            || (self.off(Off::NoBirths) && properties.iter().any(|p| p.column == property.column))
    }

    fn meets(&self, build: usize, change: usize, positions: &[u8; 3]) -> bool {
        let Some(range) = self.ranges[build][change] else { return false };
        let window = self.window(positions, change).expect("it has started");
        range.low <= window.ceil && window.floor <= range.high
    }

    /// L2: where no change is in force, the code against the catalog.
    fn is_grounded(&self, build: usize, property: Property, columns: &[Column; 2]) -> bool {
        let Column { level, born } = columns[property.column];
        let level = if born == property.born { level } else { Level::Missing };
        let fits = |entry: &Struct| {
            let reads = entry.access == Access::ReadOnly;
            match (self.stand(entry, property), level) {
                (Stand::Absent, Level::Required) => entry.access != Access::Writer,
                (Stand::Absent, _) => true,
                (Stand::Adding | Stand::Deprecated | Stand::Loose, Level::Missing) => reads,
                (_, Level::Missing) => false,
                (Stand::Required, level) => level.is_required(),
                (Stand::Optional | Stand::Loose, level) if level.is_required() => reads,
                _ => true,
            }
        };
        self.story.builds[build].structs.iter().all(fits)
    }
}
