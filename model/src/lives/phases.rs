//! The phase table, derived: one more build is put beside the releases of a change, in every range of
//! phases, and the widest range in which nothing goes wrong is kept.
//!
//! `core` holds what is derived here, but for one choice: what writes a column, or inserts without it,
//! stands in a single phase ([`chosen`]).

use colmig_core::lifecycle::{Access, PhaseRange, Stand};
use colmig_core::protocol::ChangeKind;

use super::story::{Kind, Story, Text};
use super::{Lives, RUN, last_phase};
use crate::search::explore;

/// For each kind of change a story of it.
pub const BASES: &[Text] = &[
    base("t#1=missing", "R1; R2 writer,t#1=required", &["CreateTable t#1 R2"]),
    base(
        "h#1=missing",
        "R1 writer; R2 writer,h#1=adding; R3 writer,h#1=required",
        &["AddRequired h#1 R2"],
    ),
    base("h#1=missing", "R1 writer; R2 writer,h#1=optional", &["AddNullable h#1 R2"]),
    base("h#1=missing", "R1 writer; R2 writer,h#1=required", &["AddDefault h#1 R2"]),
    base("h#1=missing", "R1 writer; R2 writer,h#1=required", &["AddVolatile h#1 R2"]),
    base("h#1=missing", "R1 writer; R2 writer,h#1=required", &["AddGenerated h#1 R2"]),
    base(
        "n#0=required:1",
        "R1 writer,n#0=required; R2 writer,n#0=deprecated; R3 writer",
        &["DropRequired n#0 R2 reverse"],
    ),
    base("n#0=nullable:1", "R1 writer,n#0=optional; R2 writer", &["DropNullable n#0 R2"]),
    base("n#0=default:1", "R1 writer,n#0=required; R2 writer", &["DropDefault n#0 R2"]),
    base(
        "n#0=nullable",
        "R1 writer,n#0=optional; R2 writer,n#0=row; R3 writer,n#0=required",
        &["Tighten n#0 R2"],
    ),
    base(
        "n#0=required:1",
        "R1 writer,n#0=required; R2 writer,n#0=row; R3 writer,n#0=optional",
        &["Relax n#0 R2 reverse"],
    ),
    base(
        "o#0=required:1 n#1=missing",
        "R1 writer,o#0=required; R2 writer,o#0=required,n#1=adding; \
         R3 writer,o#0=deprecated,n#1=required; R4 writer,n#1=required",
        &["Replace o#0,n#1 R2"],
    ),
    base(
        "o#0=required:1 n#1=missing",
        "R1 writer,o#0=required; R2 writer,n#1=required",
        &["ReplaceByTrigger o#0,n#1 R2"],
    ),
];

const fn base(
    columns: &'static str,
    builds: &'static str,
    changes: &'static [&'static str],
) -> Text {
    let (id, name, deployed, resident) = ("", "", "", "");
    Text { id, name, columns, builds, changes, deployed, resident, stranger: false }
}

/// The same of columns that have a constant default besides, for which `core` has no rows of their own.
pub const WITH_DEFAULT: &[Text] = &[
    base("h#1=missing", "R1 writer; R2 writer,h#1=optional", &["AddNullable h#1 R2 default"]),
    base("n#0=nullable-default:1", "R1 writer,n#0=optional; R2 writer", &["DropNullable n#0 R2"]),
    base(
        "n#0=nullable-default",
        "R1 writer,n#0=optional; R2 writer,n#0=row; R3 writer,n#0=required",
        &["Tighten n#0 R2"],
    ),
    base(
        "n#0=default:1",
        "R1 writer,n#0=required; R2 writer,n#0=row; R3 writer,n#0=optional",
        &["Relax n#0 R2 reverse"],
    ),
];

/// One more build, of one struct with a stand on each of the change's properties.
pub fn build(text: &Text, access: Access, stands: &[Stand]) -> String {
    let word = match access {
        Access::Writer => "writer",
        Access::Partial => "partial",
        Access::ReadOnly => "reader",
    };
    let properties = text.changes[0].split_whitespace().nth(1).expect("properties").split(',');
    let named = properties.zip(stands).filter(|(_, stand)| **stand != Stand::Absent);
    let columns: Vec<_> = named.map(|(property, stand)| format!(",{property}={stand}")).collect();
    // Code that does not know a table has no struct over it.
    let unknown = text.changes[0].starts_with("CreateTable") && columns.is_empty();
    if unknown { "X".to_owned() } else { format!("X {word}{}", columns.concat()) }
}

/// The widest ranges of phases in which this build may live; none if no phase is safe.
pub fn widest(text: &Text, build: &str) -> Vec<PhaseRange> {
    let story = Story::with_build(text, build);
    let last = last_phase(story.changes[0].kind);
    let lives = Lives::new(story, RUN);
    let mut safe: Vec<PhaseRange> = Vec::new();
    for width in 0..=last {
        for low in 0..=last - width {
            let range = PhaseRange { low, high: low + width };
            // A range is safe only if its parts are.
            let parts = [(low, (low + width).saturating_sub(1)), (low + 1, low + width)];
            let has = |(low, high)| safe.contains(&PhaseRange { low, high });
            if (width == 0 || parts.into_iter().all(has))
                && explore(&lives.clone().trying(range)).is_safe()
            {
                safe.push(range);
            }
        }
    }
    let within = |a: &PhaseRange, b: &PhaseRange| a != b && b.low <= a.low && a.high <= b.high;
    safe.iter().filter(|range| !safe.iter().any(|other| within(range, other))).copied().collect()
}

/// The phases that `core` gives a struct, of the widest that are safe.
///
/// A lease is evidence for a phase only if it stands wholly there or above (L8). So what writes stands in
/// one phase: what upholds in the middle one, and an insert without the column at its own end. With the
/// windows as they are, that shuts nobody out.
pub fn chosen(kind: Kind, access: Access, stand: Stand, widest: PhaseRange) -> PhaseRange {
    use ChangeKind::{
        AddDefault, AddGenerated, AddNullable, AddVolatile, DropDefault, DropNullable,
    };
    let Kind::Core(kind) = kind else { return widest };
    let at = |phase| PhaseRange { low: phase, high: phase };
    match (access, stand, kind) {
        (Access::ReadOnly, ..) | (_, _, ChangeKind::CreateTable) => widest,
        (Access::Writer, Stand::Absent, AddNullable | AddDefault | AddVolatile | AddGenerated) => {
            at(0)
        }
        (Access::Writer, Stand::Absent, DropNullable | DropDefault) => at(1),
        (_, Stand::Adding | Stand::Deprecated | Stand::Loose | Stand::Row, _)
            if widest.low != widest.high =>
        {
            at(1)
        }
        _ => widest,
    }
}

#[cfg(test)]
mod tests {
    use colmig_core::lifecycle::STANDS;
    use colmig_core::migration::Change;
    use colmig_core::schema::Column;
    use colmig_core::types::ColumnType;
    use colmig_core::vector::{self, Property};

    use super::*;
    use crate::search::explore_to_the_end;
    use crate::{explored, replace};

    const ACCESSES: [Access; 3] = [Access::Writer, Access::Partial, Access::ReadOnly];

    fn derived(text: &Text, access: Access, stands: &[Stand]) -> Option<PhaseRange> {
        let ranges = widest(text, &build(text, access, stands));
        assert!(ranges.len() <= 1, "one range is the widest: {ranges:?}");
        ranges.first().copied()
    }

    fn shown(range: Option<PhaseRange>) -> String {
        range.map_or("none".to_owned(), |range| range.to_string())
    }

    #[test]
    fn every_kind_has_a_story() {
        let kinds: Vec<_> = BASES.iter().map(|text| Story::parse(text).changes[0].kind).collect();
        let core = explored().map(|facts| Kind::of(facts.kind));
        assert_eq!(kinds, core.collect::<Vec<_>>());
    }

    /// Cell by cell. Every struct of a created table stands as required, or is not there.
    #[test]
    fn core_holds_the_phases_that_are_derived() {
        let alone = explored().filter(|facts| !facts.kind.replaces());
        for (text, facts) in BASES.iter().zip(alone) {
            let asked = |stand: &Stand| {
                facts.kind != ChangeKind::CreateTable
                    || matches!(stand, Stand::Absent | Stand::Required)
            };
            for access in ACCESSES {
                for stand in STANDS.iter().map(|(stand, _)| *stand).filter(asked) {
                    let derived = derived(text, access, &[stand]);
                    let kind = Kind::Core(facts.kind);
                    let expected = derived.map(|widest| chosen(kind, access, stand, widest));
                    let held = facts.phases.phases().of(access, stand);
                    let cell = format!("{:?} {access:?} {stand}", facts.kind);
                    println!("{cell}: {} of {}", shown(held), shown(derived));
                    assert_eq!(held, expected, "{cell}");
                }
            }
        }
    }

    /// The rows of `core` hold for columns with a default too. An insert without such a column leaves no NULL, so
    /// that nothing is wrong with it in any phase; it counts as one that upholds.
    #[test]
    fn a_default_upholds_what_an_insert_does_not_name() {
        for text in WITH_DEFAULT {
            let kind = Story::parse(text).changes[0].kind;
            let Kind::Core(core) = kind else { panic!("core knows them") };
            for access in ACCESSES {
                for (stand, _) in STANDS {
                    let widest = derived(text, access, &[*stand]);
                    let held = core.phases(true).of(access, *stand);
                    let upholds = matches!(core, ChangeKind::Tighten | ChangeKind::Relax)
                        && (access, *stand) == (Access::Writer, Stand::Absent);
                    let expected = match widest {
                        Some(_) if upholds => Some(PhaseRange { low: 1, high: 1 }),
                        widest => widest.map(|widest| chosen(kind, access, *stand, widest)),
                    };
                    let (within, cell) = (shown(widest), format!("{core:?} {access:?} {stand}"));
                    assert_eq!(held, expected, "{cell}: of {within}");
                }
            }
        }
    }

    /// What comes of it: a release that never named the column goes on running while it is relaxed.
    #[test]
    fn relaxing_a_column_with_a_default_shuts_out_nobody_who_never_named_it() {
        let text = base(
            "n#0=default:1",
            "R1 writer; R2 writer,n#0=required; R3 writer,n#0=row; R4 writer,n#0=optional",
            &["Relax n#0 R3 reverse default"],
        );
        let report = explore(&Lives::new(Story::parse(&text), RUN));
        assert!(report.is_safe(), "{report}");
    }

    /// What `core` decides about a build with these stands, by its own code.
    fn of_core(access: Access, old: Stand, new: Stand) -> Option<PhaseRange> {
        let column = |name: &str| Column {
            born: "0001".into(),
            ..Column::new(name, ColumnType::Known("text".into()))
        };
        let change = Change {
            id: "0002.1".into(),
            kind: ChangeKind::Replace,
            table: "t".into(),
            columns: vec![column("n")],
            replaced: vec![column("o")],
            definition: None,
            constraint: None,
            indexes: Vec::new(),
            former: None,
            key: Vec::new(),
            enumeration: None,
            places: Vec::new(),
            phases: ChangeKind::Replace.phases(false),
            steps: Vec::new(),
        };
        let named =
            [("o", old), ("n", new)].into_iter().filter(|(_, stand)| *stand != Stand::Absent);
        let columns = named
            .map(|(name, stand)| (name.to_owned(), Property { born: "0001".into(), stand }))
            .collect();
        let constraints = Default::default();
        let structs = vec![vector::Struct { table: "t".into(), access, columns, constraints }];
        vector::Vector { project: "p".into(), structs, enums: Vec::new() }.range(&change)
    }

    #[test]
    fn the_pairs_of_a_replacement_are_those_that_are_derived() {
        let text = story_of(ChangeKind::Replace);
        for access in ACCESSES {
            for (old, _) in STANDS {
                for (new, _) in STANDS {
                    let derived = derived(text, access, &[*old, *new]);
                    println!("Replace {access:?} {old}/{new}: {}", shown(derived));
                    assert_eq!(
                        replace::phases(access, *old, *new),
                        derived,
                        "{access:?} {old}/{new}"
                    );
                    assert_eq!(
                        of_core(access, *old, *new),
                        derived,
                        "core: {access:?} {old}/{new}"
                    );
                }
            }
        }
    }
    fn story_of(kind: ChangeKind) -> &'static Text {
        let is_it = |text: &&Text| Story::parse(text).changes[0].kind == Kind::of(kind);
        BASES.iter().find(is_it).expect("every kind has a story")
    }

    /// A trigger makes more ranges safe, and `core` gives the same phases as without one: each lies in what is
    /// safe. Releases go from one end to the other in one deploy, and back.
    #[test]
    fn the_phases_of_a_replacement_are_safe_where_a_trigger_lets_all_live_together() {
        let text = story_of(ChangeKind::ReplaceByTrigger);
        let report = explore_to_the_end(&Lives::new(Story::parse(text), RUN));
        assert!(report.is_safe(), "{report}");
        for access in ACCESSES {
            for (old, _) in STANDS {
                for (new, _) in STANDS {
                    let safe = widest(text, &build(text, access, &[*old, *new]));
                    let held = replace::phases(access, *old, *new);
                    let within = |range: PhaseRange| {
                        safe.iter().any(|wide| wide.intersect(range) == Some(range))
                    };
                    assert!(
                        held.is_none_or(within),
                        "{access:?} {old}/{new}: {held:?} of {safe:?}"
                    );
                }
            }
        }
    }
}
