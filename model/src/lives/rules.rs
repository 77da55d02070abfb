//! The rules L1 to L17, each with the stories in which something goes wrong without it.

use super::{RUN, Run};

/// A rule that is not in force, or an earlier form of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Off {
    /// Every started change counts, and not the latest only.
    EveryWindow,
    /// Finished changes do not count any more.
    Forgotten,
    /// Code is not compared with the catalog.
    NoCatalog,
    /// A change starts before the earlier ones on its name are finished.
    Overtaking,
    /// Changes follow one another on one birth, and not on one name.
    ByBirth,
    /// A change starts after a later one on its name has.
    AfterLater,
    /// A change is undone under a later one on its name.
    UndoUnderLater,
    /// ADD, TIGHTEN and RELAX end with a `require 2`.
    NoLastRequire,
    /// DROP, TIGHTEN and RELAX begin with the window 0..0, and then `admit 1`.
    BeginsOpen,
    /// `apply` runs steps that shut its own checkout out.
    NoCap,
    /// `apply` runs a step only if the window after it meets the checkout's phases.
    CapByWindow,
    /// `require` needs no living proof.
    NoEvidence,
    /// Any build that may live at the phase proves it.
    AnyEvidence,
    /// Clients that never registered are not looked for.
    NoSessions,
    /// They are looked for at one instant.
    OneLook,
    /// `enforce` that meets NULL fails.
    NoRefill,
    /// A build has one phase in each change.
    NoRanges,
    /// The phases as they were first proposed.
    FirstTable,
    /// Columns of one name are one.
    NoBirths,
    /// Changes that came together have one window.
    OneWindow,
    /// A ceiling falls, whatever the other windows let run.
    Alone,
    /// Undo leaves NULL where there is no `reverse`, and goes on.
    AcceptNull,
    /// A change that never ran, and that another takes back, is run all the same.
    NoVoid,
}

/// One rule.
pub struct Rule {
    /// `L1`.
    pub id: &'static str,
    /// What it says.
    pub statement: &'static str,
    /// What goes wrong without it.
    pub cases: &'static [Case],
}

/// One way to do without a rule.
pub struct Case {
    /// The story's letter.
    pub story: &'static str,
    /// How it is explored.
    pub run: Run,
    /// What is not in force.
    pub off: &'static [Off],
    /// Words of the violation; empty where the story passes all the same.
    pub violates: &'static str,
}

const FORWARD: Run = Run { forward: true, ..RUN };
/// A database without a fleet: one instance, no undo.
pub const LONE: Run = Run { fleet: false, instances: 1, undo: false, ..RUN };

const fn case(story: &'static str, off: &'static [Off], violates: &'static str) -> Case {
    Case { story, run: RUN, off, violates }
}
const fn forward(story: &'static str, off: &'static [Off], violates: &'static str) -> Case {
    Case { run: FORWARD, ..case(story, off, violates) }
}
const fn lone(story: &'static str, off: &'static [Off], violates: &'static str) -> Case {
    Case { run: LONE, ..case(story, off, violates) }
}

/// Every rule, in order.
pub const RULES: &[Rule] = &[
    Rule {
        id: "L1",
        statement: "the window in force for a property is that of its latest started change",
        cases: &[
            forward("i", &[Off::EveryWindow], "the end is out of reach"),
            case("d2", &[Off::EveryWindow], "the end is out of reach"),
        ],
    },
    Rule {
        id: "L2",
        statement: "where no change is in force, code is compared with the catalog",
        cases: &[case("c", &[Off::NoCatalog], "shuts out R3")],
    },
    Rule {
        id: "L3",
        statement: "finished windows are kept: for messages only, since L2 sees the same",
        cases: &[
            case("b2", &[Off::Forgotten], ""),
            case("d2", &[Off::Forgotten], ""),
            case("f", &[Off::Forgotten], ""),
            case("i2", &[Off::Forgotten], ""),
        ],
    },
    Rule {
        id: "L4",
        statement: "changes on one name follow one another, and none starts after a later one",
        cases: &[
            case("f", &[Off::Overtaking], "live R1 is no longer admitted"),
            case("f", &[Off::ByBirth], "another column of the name h"),
            case("g2", &[Off::AfterLater], "another column of the name h"),
        ],
    },
    Rule {
        id: "L5",
        statement: "a change is undone only while no later one on its name has started",
        cases: &[case("f", &[Off::UndoUnderLater], "shuts out R3")],
    },
    Rule {
        id: "L6",
        statement: "a first window holds what was let in before; ADD, TIGHTEN and RELAX end without require",
        cases: &[
            case(
                "c",
                &[Off::NoLastRequire, Off::BeginsOpen],
                "the checkout's own code is shut out",
            ),
            case("b", &[Off::NoLastRequire, Off::BeginsOpen], "live R1 is no longer admitted"),
            forward("i", &[Off::NoLastRequire, Off::NoVoid], "the end is out of reach"),
            forward("f", &[Off::NoLastRequire, Off::NoVoid], "the end is out of reach"),
        ],
    },
    Rule {
        id: "L7",
        statement: "apply runs no step whose floor is above the checkout's highest phase",
        cases: &[
            lone("c", &[Off::NoCap], "the checkout's own code is shut out"),
            case("d", &[Off::NoCap], "the checkout's own code is shut out"),
            forward("a", &[Off::CapByWindow], "the end is out of reach"),
        ],
    },
    Rule {
        id: "L8",
        statement: "require p needs a live writer of the owner wholly at p or above, and nobody below",
        cases: &[
            case("a", &[Off::NoEvidence], "no release that ever ran can be started"),
            case("k", &[Off::AnyEvidence], "no release that ever ran can be started"),
        ],
    },
    Rule {
        id: "L9",
        statement: "no session of a client that never registered was seen during the whole soak",
        cases: &[
            case("jd", &[Off::NoSessions], "NULL in n, which is NOT NULL"),
            case("ja", &[Off::OneLook], "NULL in h, which is NOT NULL"),
            case("jc", &[Off::OneLook], "NULL in n as required"),
        ],
    },
    Rule {
        id: "L10",
        statement: "enforce that meets NULL goes back to the backfill",
        cases: &[case("ja", &[Off::OneLook, Off::NoRefill], "NULLs behind the backfill")],
    },
    Rule {
        id: "L11",
        statement: "code that cannot matter stands in a range of phases",
        cases: &[
            case("k", &[Off::NoRanges], "the end is out of reach"),
            case("kp", &[Off::FirstTable], "the end is out of reach"),
            case("i2", &[Off::FirstTable], "shuts out R4"),
            case("f", &[Off::FirstTable], "live R2 is no longer admitted"),
            case("b2", &[Off::FirstTable], "shuts out R3"),
        ],
    },
    Rule {
        id: "L12",
        statement: "the birth of a column is part of a build's vector",
        cases: &[case("f", &[Off::NoBirths], "another column of the name h")],
    },
    Rule {
        id: "L13",
        statement: "each change has its own window",
        cases: &[forward("e2", &[Off::OneWindow], "the end is out of reach")],
    },
    Rule {
        id: "L14",
        statement: "undoing admit leaves a release that has run and fits all windows",
        cases: &[case("e", &[Off::Alone], "no release that ever ran can be started")],
    },
    Rule {
        id: "L15",
        statement: "DROP and RELAX are undone past relax with `reverse` only, once there are NULLs",
        cases: &[
            case("c2", &[Off::AcceptNull], "shuts out R1"),
            case("i3", &[Off::AcceptNull], "NULL in n as required"),
        ],
    },
    Rule {
        id: "L16",
        statement: "an unfinished change that the checkout has taken back is undone, and both are skipped",
        cases: &[
            case("l", &[Off::NoVoid], "the end is out of reach"),
            case("l2", &[Off::NoVoid], "the end is out of reach"),
        ],
    },
    Rule {
        id: "L17",
        statement: "giving up is undo with the usual gates: there is nothing to switch off",
        cases: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lives::Lives;
    use crate::lives::stories::named;
    use crate::lives::story::Story;
    use crate::search::explore_to_the_end;

    #[test]
    fn every_rule_has_its_row() {
        let expected: Vec<_> = (1..=17).map(|number| format!("L{number}")).collect();
        let found: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(found, expected);
    }

    /// `cargo test -p colmig-model -- --nocapture counterexample` prints them.
    #[test]
    fn without_any_one_of_them_a_story_has_a_counterexample() {
        for rule in RULES {
            for case in rule.cases {
                let story = Story::parse(named(case.story));
                let report = explore_to_the_end(&Lives::without(story, case.run, case.off));
                println!("{} {} ({}): {report}", rule.id, rule.statement, case.story);
                let violation = report.violation();
                assert_eq!(report.is_safe(), case.violates.is_empty(), "{}: {violation}", rule.id);
                assert!(violation.contains(case.violates), "{}: {violation}", rule.id);
            }
        }
    }
}
