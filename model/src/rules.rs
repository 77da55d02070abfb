//! The rules R01 to R35, each with what goes wrong without it.
//!
//! A rule is switched off either in the applier and the instances ([`Rollout::without`]), or by an order
//! of steps that does not keep it. Each case is safe as it begins, and unsafe without the rule.

use colmig_core::protocol::{Act, ChangeKind};

use crate::change::{Rollout, Step, WORLD, World};

/// One rule.
pub struct Rule {
    /// `R01`.
    pub id: &'static str,
    /// What it says.
    pub statement: &'static str,
    /// What goes wrong without it.
    pub cases: &'static [Case],
}

/// One way to do without a rule.
pub struct Case {
    /// The change with the rule.
    pub with: fn() -> Rollout,
    /// The same without it.
    pub without: fn(Rollout) -> Rollout,
    /// Words of the violation.
    pub violates: &'static str,
}

const fn case(
    with: fn() -> Rollout,
    without: fn(Rollout) -> Rollout,
    violates: &'static str,
) -> Case {
    Case { with, without, violates }
}

const SMALL: World = World { rows: 1, ..WORLD };

const ADD: Step = Step::Act(Act::Add);
const BACKFILL: Step = Step::Act(Act::Backfill);
const ENFORCE: Step = Step::Act(Act::Enforce);
const RELAX: Step = Step::Act(Act::Relax);
const DROP: Step = Step::Act(Act::Drop);
const fn admit(phase: u8) -> Step {
    Step::Act(Act::Admit(phase))
}
const fn require(phase: u8) -> Step {
    Step::Act(Act::Require(phase))
}

fn replace() -> Rollout {
    Rollout::replace(WORLD)
}
fn add() -> Rollout {
    Rollout::of(ChangeKind::AddRequired, WORLD)
}
fn tighten() -> Rollout {
    Rollout::of(ChangeKind::Tighten, WORLD).in_pieces()
}
fn by_trigger() -> Rollout {
    Rollout::replace_by_trigger(WORLD).drop_in_pieces()
}
fn autocommit() -> Rollout {
    Rollout::replace(World { autocommit: true, ..SMALL })
}
fn stalls() -> Rollout {
    Rollout::replace(World { stalls: true, ..SMALL })
}

/// Every rule, in order.
pub const RULES: &[Rule] = &[
    Rule {
        id: "R01",
        statement: "a column exists before code that names it is admitted",
        cases: &[
            case(replace, |r| r.moving(admit(1), ADD), "missing column"),
            case(add, |r| r.moving(admit(1), ADD), "missing column"),
        ],
    },
    Rule {
        id: "R02",
        statement: "the floor excludes ignorant writers before the backfill starts",
        cases: &[
            case(replace, |r| r.moving(BACKFILL, require(1)), "contains NULLs"),
            case(add, |r| r.skipping(&[ENFORCE]).moving(BACKFILL, require(1)), "reads NULL"),
        ],
    },
    Rule {
        id: "R03",
        statement: "the backfill is done and verified before readers are admitted",
        cases: &[
            case(replace, |r| r.skipping(&[ENFORCE]).moving(admit(2), BACKFILL), "reads NULL"),
            case(add, |r| r.skipping(&[ENFORCE]).moving(admit(2), BACKFILL), "reads NULL"),
        ],
    },
    Rule {
        id: "R04",
        statement: "NOT NULL comes after the floor and after the backfill",
        cases: &[
            case(add, |r| r.moving(BACKFILL, admit(1)).moving(ENFORCE, admit(1)), "contains NULLs"),
            case(replace, |r| r.moving(ENFORCE, BACKFILL), "contains NULLs"),
        ],
    },
    Rule {
        id: "R05",
        statement: "A and R are never live together",
        cases: &[
            case(replace, |r| r.skipping(&[require(1)]), "contains NULLs"),
            case(replace, |r| r.skipping(&[require(1), ENFORCE]), "stale or lost"),
        ],
    },
    Rule {
        id: "R06",
        statement: "W and X are never live together",
        cases: &[case(replace, |r| r.skipping(&[require(2)]), "stale or lost")],
    },
    Rule {
        id: "R07",
        statement: "o is relaxed before X is admitted",
        cases: &[case(replace, |r| r.moving(admit(3), RELAX), "writes NULL in o")],
    },
    Rule {
        id: "R08",
        statement: "the floor is X before o is dropped",
        cases: &[case(replace, |r| r.skipping(&[require(3)]), "R writes missing column o")],
    },
    Rule {
        id: "R09",
        statement: "a derived n is guarded by `n IS DISTINCT FROM f(o)`, not by `n IS NULL`",
        cases: &[case(replace, |r| r.without(9), "stale or lost")],
    },
    Rule {
        id: "R10",
        statement: "an independent n is guarded by `n IS NULL`",
        cases: &[case(add, |r| r.without(10), "stale or lost")],
    },
    Rule {
        id: "R11",
        statement: "a value computed in the client is written only where its sources are as they were read",
        cases: &[
            case(
                || Rollout::replace(World { client: true, ..WORLD }),
                |r| r.without(11),
                "stale or lost",
            ),
            // `n IS NULL` is no comparison with what was read, where NULL is a value.
            case(
                || {
                    let world = World { client: true, nullable: true, undo: false, ..WORLD };
                    Rollout::replace(world).skipping(&[ENFORCE])
                },
                |r| r.without(11).without(9),
                "stale or lost",
            ),
        ],
    },
    Rule {
        id: "R12",
        statement: "registration looks at the window before the first statement",
        cases: &[case(replace, |r| r.without(12), "missing column")],
    },
    Rule {
        id: "R13",
        statement: "the floor rises only with no live lease below",
        cases: &[case(replace, |r| r.without(13), "contains NULLs")],
    },
    Rule {
        id: "R14",
        statement: "the ceiling falls only with no live lease above",
        cases: &[case(replace, |r| r.without(14), "missing column")],
    },
    Rule {
        id: "R15",
        statement: "the look at the leases and the move of the window are one transaction",
        cases: &[case(replace, |r| r.without(15), "missing column")],
    },
    Rule {
        id: "R16",
        statement: "an instance issues no statement once its own lease has run out",
        cases: &[case(replace, |r| r.without(16), "missing column")],
    },
    Rule {
        id: "R17",
        statement: "every write of an applier is fenced by its epoch, batches of one statement too",
        cases: &[
            case(stalls, |r| r.without(17), "stale or lost"),
            case(
                || Rollout::replace(World { stalls: true, client: true, ..SMALL }),
                |r| r.without(17),
                "stale or lost",
            ),
        ],
    },
    Rule {
        id: "R18",
        statement: "the cursor moves in the batch's own transaction",
        cases: &[case(replace, |r| r.without(18), "contains NULLs")],
    },
    Rule {
        id: "R19",
        statement: "a step looks at the catalog, so that it can be run again",
        cases: &[case(autocommit, |r| r.without(19), "already exists")],
    },
    Rule {
        id: "R20",
        statement: "letting ignorant writers in again voids the backfill's progress",
        cases: &[case(replace, |r| r.without(20), "contains NULLs")],
    },
    Rule {
        id: "R21",
        statement: "undoing the relaxation of o refills o from n first",
        cases: &[case(replace, |r| r.without(21), "stale or lost")],
    },
    Rule {
        id: "R22",
        statement: "admitting waits until the named replicas have replayed the step",
        cases: &[
            case(
                || Rollout::replace(World { replica: true, ..SMALL }),
                |r| r.without(22),
                "on a replica => statement error: R reads missing column",
            ),
            case(
                || Rollout::of(ChangeKind::AddRequired, World { replica: true, ..SMALL }),
                |r| r.without(22),
                "on a replica => statement error",
            ),
        ],
    },
    Rule {
        id: "R23",
        statement: "the trigger exists before the backfill",
        cases: &[case(
            by_trigger,
            |r| r.moving(BACKFILL, Step::Act(Act::Trigger)),
            "contains NULLs",
        )],
    },
    Rule {
        id: "R24",
        statement: "the trigger stays until the floor is X",
        cases: &[case(by_trigger, |r| r.moving(require(3), DROP), "writes NULL in n")],
    },
    Rule {
        id: "R25",
        statement: "o is relaxed before the trigger goes, which goes before o, or with it",
        cases: &[
            case(
                by_trigger,
                |r| r.moving(DROP, Step::Untrigger),
                "the trigger names dropped column",
            ),
            case(by_trigger, |r| r.moving(Step::Untrigger, RELAX), "writes NULL in o"),
            // A trigger that went and came again left a gap.
            case(by_trigger, |r| r.without(9), "stale or lost"),
        ],
    },
    Rule {
        id: "R26",
        statement: "a constraint comes after the floor says that every writer upholds it",
        cases: &[case(tighten, |r| r.skipping(&[require(1)]), "writes NULL")],
    },
    Rule {
        id: "R27",
        statement: "rows are repaired before a constraint is added NOT VALID",
        cases: &[case(
            tighten,
            |r| r.moving(Step::NotValid, BACKFILL),
            "updates another column of row 0",
        )],
    },
    Rule {
        id: "R28",
        statement: "a constraint is validated before anybody relies on it",
        cases: &[case(tighten, |r| r.moving(admit(2), BACKFILL), "reads NULL")],
    },
    Rule {
        id: "R29",
        statement: "step and direction are recorded before a statement that commits by itself",
        cases: &[case(autocommit, |r| r.without(29), "missing column")],
    },
    Rule {
        id: "R30",
        statement: "restates R09: F1's release that empties n makes `n IS NULL` no guard once undo is allowed",
        cases: &[case(|| Rollout::replace_by_emptying(WORLD), |r| r.without(9), "stale or lost")],
    },
    Rule {
        id: "R31",
        statement: "restates R07: without the relaxation of o, X cannot insert before o is dropped",
        cases: &[case(replace, |r| r.skipping(&[RELAX]), "writes NULL in o")],
    },
    Rule {
        id: "R32",
        statement: "a narrower window waits for the sessions of whoever it shut out",
        cases: &[
            case(
                || Rollout::replace(World { orphans: true, ..WORLD }),
                |r| r.without(32),
                "contains NULLs",
            ),
            case(
                || Rollout::of(ChangeKind::AddRequired, World { orphans: true, ..WORLD }),
                |r| r.without(32),
                "contains NULLs",
            ),
        ],
    },
    Rule {
        id: "R33",
        statement: "an empty fleet is no evidence, nor a client that never registered",
        cases: &[case(
            || Rollout::of(ChangeKind::AddRequired, World { stranger: true, ..WORLD }),
            |r| r.without(33),
            "contains NULLs",
        )],
    },
    Rule {
        id: "R34",
        statement: "the checkout that `apply` runs from counts as a live instance",
        cases: &[case(
            || {
                let world =
                    World { unregistered: true, instances: 1, leases: false, undo: false, ..WORLD };
                Rollout::of(ChangeKind::AddRequired, world)
            },
            |r| r.without(34),
            "contains NULLs",
        )],
    },
    Rule {
        id: "R35",
        statement: "after a start or a promotion, gates wait one ttl before they trust the leases",
        cases: &[
            case(
                || Rollout::of(ChangeKind::AddRequired, World { failover: true, ..WORLD }),
                |r| r.without(35),
                "missing column",
            ),
            case(
                || {
                    let world = World { failover: true, undo: false, ..WORLD };
                    Rollout::of(ChangeKind::AddRequired, world)
                },
                |r| r.without(35),
                "contains NULLs",
            ),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{explore, explore_to_the_end};

    #[test]
    fn every_rule_has_its_row() {
        let expected: Vec<_> = (1..=35).map(|number| format!("R{number:02}")).collect();
        let found: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn with_all_rules_nothing_goes_wrong() {
        for rule in RULES {
            for case in rule.cases {
                let report = explore_to_the_end(&(case.with)());
                assert!(report.is_safe(), "{} {}\n        {report}", rule.id, rule.statement);
            }
        }
    }

    /// `cargo test -p colmig-model -- --nocapture counterexample` prints them.
    #[test]
    fn without_any_one_of_them_there_is_a_counterexample() {
        for rule in RULES {
            for case in rule.cases {
                let report = explore(&(case.without)((case.with)()));
                println!("{} {}: {report}", rule.id, rule.statement);
                let violation = report.violation();
                assert!(
                    !violation.is_empty() && violation.contains(case.violates),
                    "{}: {violation}",
                    rule.id
                );
            }
        }
    }
}
