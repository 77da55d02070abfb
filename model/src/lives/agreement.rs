//! What the model decides by itself, so that each rule has its switch, `core` decides alike: in every
//! state of every story, for every build and every checkout.

use std::collections::{BTreeMap, HashSet};

use colmig_core::admission::judge;
use colmig_core::advance::{Back, Next, back, next};
use colmig_core::catalog::{Catalog, CatalogColumn, CatalogTable};
use colmig_core::gate::{Evidence, LeaseView, Policy, Session, Watch, require, unadmit};
use colmig_core::lifecycle::{Access, STANDS};
use colmig_core::migration::{Change, Step};
use colmig_core::progress::Progress;
use colmig_core::protocol::{Act, ChangeKind, Stage, window_at};
use colmig_core::schema::{Column, Table};
use colmig_core::types::{ColumnType, Database, PerDatabase};
use colmig_core::vector::{Property, Struct, Vector};

use super::phases::{BASES, build};
use super::stories::STORIES;
use super::story::{self, Kind, Story};
use super::{Lives, RUN, State};
use crate::change::{Level, Stranger};
use crate::search::visit;

const POLICY: Policy = Policy { leases: true, soak: 600, ttl: 30, assume_no_fleet: false };

/// A story in the types of `core`.
struct Core {
    vectors: Vec<Vector>,
    /// The ledger's rows, nothing done yet.
    rows: Vec<Progress>,
}

impl Core {
    fn of(lives: &Lives) -> Core {
        let story = &lives.story;
        let vectors = story.builds.iter().map(|build| vector(story, build)).collect();
        let changes = story.changes.iter().enumerate();
        Core {
            vectors,
            rows: changes.map(|(place, change)| progress(story, place, change)).collect(),
        }
    }

    fn rows(&self, state: &State) -> Vec<Progress> {
        let mut rows = self.rows.clone();
        for (row, position) in rows.iter_mut().zip(state.positions) {
            row.position = usize::from(position);
        }
        rows
    }
}

fn born(born: u8) -> String {
    format!("{born:04}")
}

fn vector(story: &Story, build: &story::Build) -> Vector {
    let structs = build.structs.iter().map(|entry| Struct {
        table: "t".into(),
        access: entry.access,
        columns: entry
            .stands
            .iter()
            .map(|(property, stand)| {
                let name = story.columns[property.column].name.clone();
                (name, Property { born: born(property.born), stand: *stand })
            })
            .collect(),
        constraints: BTreeMap::new(),
    });
    let project = if build.is_release() { "owner" } else { "other" };
    Vector { project: project.into(), structs: structs.collect(), enums: Vec::new() }
}

fn progress(story: &Story, place: usize, change: &story::Change) -> Progress {
    let Kind::Core(kind) = change.kind else { panic!("core does not know replacements") };
    let facts = kind.facts();
    let property = change.goes();
    let name = &story.columns[property.column].name;
    let reverse =
        if change.reverse { PerDatabase::Everywhere("0".into()) } else { PerDatabase::default() };
    let column = Column {
        born: born(property.born),
        reverse,
        ..Column::new(name.clone(), ColumnType::Known("text".into()))
    };
    let creates = kind == ChangeKind::CreateTable;
    let acts: Vec<Act> = facts.steps.iter().map(|(act, _)| *act).collect();
    let step = |(index, (act, stage)): (usize, &(Act, Stage))| Step {
        act: *act,
        stage: *stage,
        window: window_at(acts.clone(), index + 1).expect("it has started"),
        sql: BTreeMap::new(),
    };
    let change = Change {
        id: format!("{place:04}.1"),
        kind,
        table: "t".into(),
        columns: if creates { Vec::new() } else { vec![column] },
        replaced: Vec::new(),
        definition: creates.then(|| Table::new("t")),
        constraint: None,
        indexes: Vec::new(),
        former: None,
        key: Vec::new(),
        enumeration: None,
        places: Vec::new(),
        phases: kind.phases(change.default),
        steps: facts.steps.iter().enumerate().map(step).collect(),
    };
    Progress::of(change, format!("{place:04}"))
}

fn catalog(lives: &Lives, state: &State) -> Catalog {
    let columns = lives.story.columns.iter().zip(state.columns);
    let there = columns.filter(|(_, column)| column.level != Level::Missing);
    let columns = there.map(|(declared, column)| CatalogColumn {
        name: declared.name.clone(),
        sql_type: "text".into(),
        not_null: column.level.is_required(),
        has_default: column.level.has_default(),
    });
    let table = CatalogTable { columns: columns.collect(), primary_key: Vec::new() };
    Catalog { tables: [("t".to_owned(), table)].into() }
}

fn evidence(lives: &Lives, core: &Core, state: &State, change: &Change) -> Evidence {
    let leases = state.live().map(|build| LeaseView {
        label: lives.name(build).to_owned(),
        range: core.vectors[build].range(change),
        owning_writer: core.vectors[build].project == "owner" && core.vectors[build].writes("t"),
        live: true,
        expires_at: 100_030,
    });
    let session =
        Session { pid: 7, application: String::new(), role: "app".into(), node: String::new() };
    let watch = Watch::Polled {
        clean_since: (state.stranger == Stranger::Gone).then_some(0),
        sessions: if state.stranger == Stranger::Connected { vec![session] } else { Vec::new() },
    };
    Evidence {
        now: 100_000,
        server_since: Some(0),
        leases: leases.collect(),
        window_moved_at: 0,
        watch,
        untouched: false,
    }
}

/// The stories that `core` can follow: without a replacement.
fn stories() -> impl Iterator<Item = Story> {
    let told = STORIES.iter().map(Story::parse);
    told.filter(|story| story.changes.iter().all(|change| !change.kind.replaces()))
}

/// The states of a story, with its rows in `core`; `void` is no position there.
fn states(lives: &Lives) -> HashSet<State> {
    let mut states = HashSet::new();
    visit(lives, |state| {
        let mut positions = state.positions.iter().zip(&lives.chains);
        if positions.all(|(position, chain)| usize::from(*position) <= chain.len()) {
            states.insert(State { rows: [None; 2], ..*state });
        }
    });
    states
}

#[test]
fn windows_and_ranges_are_those_of_core() {
    for story in stories() {
        let lives = Lives::new(story, RUN);
        let core = Core::of(&lives);
        for (change, row) in core.rows.iter().enumerate() {
            for position in 0..=lives.chains[change].len() {
                let row = Progress { position, ..row.clone() };
                assert_eq!(row.window(), lives.windows[change][position]);
            }
            for (build, vector) in core.vectors.iter().enumerate() {
                assert_eq!(vector.range(&row.change), lives.ranges[build][change]);
            }
        }
    }
}

/// Admission in the states of one story, of builds that another one may have besides.
fn admission_agrees(told: &Lives, lives: &Lives) {
    let core = Core::of(lives);
    let schemas: HashSet<_> = states(told)
        .into_iter()
        .map(|state| State { live: [0; 5], proven: 1, stranger: Stranger::Gone, ..state })
        .collect();
    for state in schemas {
        let (rows, catalog) = (core.rows(&state), catalog(lives, &state));
        for (build, vector) in core.vectors.iter().enumerate() {
            let refusals = judge(vector, &rows, &catalog);
            assert_eq!(
                refusals.is_empty(),
                lives.admits(build, &state.positions, &state.columns),
                "{} at {:?}: {refusals:?}",
                lives.name(build),
                state.positions
            );
        }
    }
}

#[test]
fn admission_is_that_of_core() {
    for story in stories() {
        let lives = Lives::new(story, RUN);
        admission_agrees(&lives, &lives);
    }
}

/// And for builds that no story has: every access and every stand beside every change of a column.
#[test]
fn admission_of_any_build_is_that_of_core() {
    for text in BASES {
        let told = Lives::new(Story::parse(text), RUN);
        if matches!(
            told.story.changes[0].kind,
            Kind::Replace(_) | Kind::Core(ChangeKind::CreateTable)
        ) {
            continue;
        }
        for access in [Access::Writer, Access::Partial, Access::ReadOnly] {
            for (stand, _) in STANDS {
                let story = Story::with_build(text, &build(text, access, &[*stand]));
                admission_agrees(&told, &Lives::new(story, RUN));
            }
        }
    }
}

#[test]
fn gates_are_those_of_core() {
    for story in stories() {
        let lives = Lives::new(story, RUN);
        let core = Core::of(&lives);
        for state in states(&lives) {
            for (place, row) in core.rows(&state).iter().enumerate() {
                let evidence = evidence(&lives, &core, &state, &row.change);
                if let Some(act @ Act::Require(phase)) = row.next().map(|step| step.act) {
                    let open = require(phase, &evidence, &POLICY).is_empty();
                    assert_eq!(open, lives.may_move(&state, place, act, true));
                }
                if let Some(act @ Act::Admit(_)) = row.last().map(|step| step.act) {
                    let open = unadmit(row.ceiling_before(), &evidence, &POLICY).is_empty();
                    assert_eq!(open, lives.may_move(&state, place, act, false));
                }
            }
        }
    }
}

/// The void changes of L16 among it. What a checkout gives up (L17) is a change of its own in `core`, which no story
/// here has: `colmig_core::advance` tests it.
#[test]
fn what_may_happen_next_is_that_of_core() {
    let given_up = |story: &Story| story.changes.iter().any(|change| change.abandoned.is_some());
    for story in stories().filter(|story| !given_up(story)) {
        let lives = Lives::new(story, RUN);
        let core = Core::of(&lives);
        for state in states(&lives) {
            let rows = core.rows(&state);
            for (place, change) in lives.story.changes.iter().enumerate() {
                for checkout in lives.story.deployed.iter().filter(|c| **c >= change.since) {
                    let next = next(&rows, place, &core.vectors[*checkout]);
                    let is_void = |place| {
                        lives.behind(place, *checkout).is_some() && !lives.is_done(&state, place)
                    };
                    // Passing by what is void is a move of its own there, and none here.
                    if (0..place).any(is_void) {
                        continue;
                    }
                    let is_void = is_void(place);
                    let may_step = lives.may_step(&state, place, *checkout) && !is_void;
                    let at = format!(
                        "{:?} from {} at {:?}: {next:?}",
                        change.kind,
                        lives.name(*checkout),
                        state.positions
                    );
                    assert_eq!(next == Next::Step, may_step, "{at}");
                    let is_back = matches!(next, Next::Back(_));
                    assert_eq!(is_back, is_void && rows[place].started(), "{at}");
                }
                // Whether a row has NULL is the applier's to see.
                let back = back(&rows, place, Database::Postgres);
                assert_eq!(
                    matches!(back, Back::Step | Back::NoReverse),
                    lives.may_undo(&state, place)
                );
                let relaxed = rows[place].last().is_some_and(|step| step.act == Act::Relax);
                let under = matches!(back, Back::Under(_));
                assert_eq!(back == Back::NoReverse, relaxed && !change.reverse && !under);
            }
        }
    }
}
