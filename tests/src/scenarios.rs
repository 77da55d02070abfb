//! Every kind of change as a story of releases: one list, for every database and every way to go through it.
//!
//! A scenario says what its releases declare, and what the table is at the end. What the releases do, who of
//! them may live beside which step, and what must be the same after the way back, is derived from that.

use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, Result};
use colmig_core::ident::quote;
use colmig_core::lifecycle::{Nullability, State};
use colmig_core::schema::{Column, Constraint, DualWrite, Guard, Index, IndexKey, Table};
use colmig_core::types::{ColumnType, Database, PerDatabase};

use crate::database::TestDatabase;
use crate::project::{Project, column, everywhere, in_state};
use crate::values::{Draw, Value};

/// A story of releases.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What happens.
    pub name: &'static str,
    /// What release 1 declares.
    pub first: Vec<Table>,
    /// What the releases after it declare, in order. The first of them begins migration 0002.
    pub releases: Vec<Vec<Table>>,
    /// The columns of `users` at the end, `!` for NOT NULL.
    pub end: &'static [&'static str],
    /// The databases that can do it.
    pub databases: &'static [Database],
    /// What rows that were there before are not given back on the way down.
    pub mended: &'static [Mended],
    /// Values, where those of [`Draw::usual`] will not do.
    pub values: fn(&Draw<'_>) -> Option<Value>,
}

/// A column whose old values a repair, or a `reverse`, replaces for good.
#[derive(Clone, Copy, Debug)]
pub struct Mended {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// What is compared in its place before and after, as SQL over the row.
    pub compared_as: &'static str,
}

/// Those with indexes of some rows only, and of what is computed from a row: MariaDB has neither, and MySQL the
/// second.
const SORT_BY_EXPRESSIONS: &[Database] = &[Database::Postgres, Database::Sqlite];

const EVERYWHERE: &[Database] = &[Database::Postgres, Database::Sqlite, Database::Mysql];

impl Scenario {
    /// One of the table `users` alone, with the same values everywhere.
    fn of_users(
        name: &'static str,
        first: &[Column],
        releases: Vec<Vec<Column>>,
        end: &'static [&'static str],
    ) -> Scenario {
        let releases = releases.iter().map(|columns| vec![users(columns)]);
        Scenario {
            name,
            first: vec![users(first)],
            releases: releases.collect(),
            end,
            databases: EVERYWHERE,
            mended: &[],
            values: |_| None,
        }
    }

    /// MariaDB has no column that is computed and never NULL.
    fn where_it_can_be_required(self) -> Scenario {
        Scenario { databases: &[Database::Postgres, Database::Sqlite], ..self }
    }

    /// The checkout of each release, from the first on.
    #[must_use]
    pub fn checkouts(&self) -> Vec<Project> {
        let mut checkouts = vec![self.project().declaring(self.first.clone())];
        for tables in &self.releases {
            let last = &checkouts[checkouts.len() - 1];
            assert_eq!(last.mistakes(tables), [], "{}", self.name);
            let next = last.declaring(tables.clone());
            checkouts.push(next);
        }
        checkouts
    }

    /// Its project, before release 1.
    fn project(&self) -> Project {
        Project::on(self.databases)
    }

    /// The databases of this machine that it is for.
    pub fn on(&self) -> Result<Vec<TestDatabase>> {
        let all = TestDatabase::all()?.into_iter();
        Ok(all.filter(|database| self.databases.contains(&database.which())).collect())
    }

    /// Applies release 1, and gives each of its tables so many rows.
    pub fn begin(&self, database: &TestDatabase, rows: i64) -> Result<Project> {
        let first = self.project().declaring(self.first.clone());
        first.apply(database, &[]).context("release 1")?;
        for table in in_order_of_reference(&self.first) {
            self.fill(database, table, rows)?;
        }
        Ok(first)
    }

    /// The database makes the keys that it makes: 1, 2, and so on.
    fn fill(&self, database: &TestDatabase, table: &Table, rows: i64) -> Result<()> {
        let columns: Vec<_> = table.columns.iter().filter(|column| !column.is_made()).collect();
        let names: Vec<_> = columns.iter().map(|column| quote(&column.name)).collect();
        let row = |number| {
            let values = columns.iter().map(|column| {
                self.draw(&self.first, table, column, number, 1).literal(column, database.which())
            });
            format!("({})", values.collect::<Vec<_>>().join(", "))
        };
        let rows: Vec<_> = (1..=rows).map(row).collect();
        let (name, names) = (quote(&table.name), names.join(", "));
        for rows in rows.chunks(500) {
            database
                .execute(&format!("INSERT INTO {name} ({names}) VALUES {}", rows.join(", ")))?;
        }
        Ok(())
    }

    /// The value of a column in the row of this number, as a release writes it that declares these tables. What
    /// references another table has the value of that one's row of the same number.
    #[must_use]
    pub fn draw(
        &self,
        declared: &[Table],
        table: &Table,
        column: &Column,
        number: i64,
        release: usize,
    ) -> Value {
        let draw = Draw { table: &table.name, column, number, release };
        if let Some(value) = (self.values)(&draw) {
            return value;
        }
        if let Some((other, target)) = referenced(declared, table, column) {
            return self.draw(declared, other, target, number, release);
        }
        if column.auto { Value::Int(number) } else { draw.usual() }
    }

    /// Every value of the rows that were there before, but for what is [mended](Mended), in order of the keys.
    pub fn rows(&self, database: &TestDatabase, rows: i64) -> Result<Vec<String>> {
        let mut all = Vec::new();
        for table in &self.first {
            let compared = table.columns.iter().map(|column| {
                let is_it = |m: &&Mended| m.table == table.name && m.column == column.name;
                let mended = self.mended.iter().find(is_it);
                let what = mended.map_or(quote(&column.name), |m| m.compared_as.to_owned());
                format!("coalesce(CAST({what} AS text), '-')")
            });
            let compared = compared.collect::<Vec<_>>().join(" || '|' || ");
            let key: Vec<_> = table.primary_key.iter().map(|name| quote(name)).collect();
            let (name, key) = (quote(&table.name), key.join(", "));
            all.extend(
                database
                    .texts(&format!("SELECT {compared} FROM {name} ORDER BY {key} LIMIT {rows}"))?,
            );
        }
        Ok(all)
    }
}

/// The table and the column that a column references, if it references one.
#[must_use]
pub fn referenced<'t>(
    declared: &'t [Table],
    table: &Table,
    column: &Column,
) -> Option<(&'t Table, &'t Column)> {
    table.constraints.iter().find_map(|constraint| match &constraint.guard {
        Guard::References { column: name, table: other, target, .. } if *name == column.name => {
            let other = declared.iter().find(|one| one.name == *other)?;
            Some((other, other.column(target)?))
        }
        _ => None,
    })
}

/// Whether another column references this one.
#[must_use]
pub fn is_referenced(declared: &[Table], table: &Table, column: &Column) -> bool {
    declared.iter().flat_map(|other| &other.constraints).any(|constraint| {
        matches!(&constraint.guard, Guard::References { table: of, target, .. }
            if *of == table.name && *target == column.name)
    })
}

/// Tables behind those that they reference; in a circle, as they come.
#[must_use]
pub fn in_order_of_reference(tables: &[Table]) -> Vec<&Table> {
    let mut waiting: Vec<&Table> = tables.iter().collect();
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let refers = |table: &Table, other: &Table| {
            let columns = table.columns.iter();
            let mut others = columns.filter_map(|column| referenced(tables, table, column));
            table.name != other.name && others.any(|(one, _)| one.name == other.name)
        };
        let is_free = |table: &&Table| !waiting.iter().any(|other| refers(table, other));
        let free = waiting.iter().position(is_free).unwrap_or(0);
        ordered.push(waiting.remove(free));
    }
    ordered
}

/// How many scenarios run at a time: mostly they wait, for locks and for each other.
const AT_A_TIME: usize = 3;

/// The variable that names the only scenarios to run: those whose names have this text in them.
pub const ONLY: &str = "COLMIG_TEST_SCENARIO";

/// Runs on each database what every scenario must stand; what fails says where.
pub fn on_every_database(
    run: impl Fn(&Scenario, &TestDatabase) -> Result<String> + Sync,
) -> Result<()> {
    on_some(usize::MAX, run)
}

/// The variable that has what takes long run on every database, and not on some of them in turn: `all`.
pub const WHOLE: &str = "COLMIG_TEST_WHOLE";

/// The same on so many databases a scenario, in turn, where they are not all asked for.
pub fn on_some_databases(
    count: usize,
    run: impl Fn(&Scenario, &TestDatabase) -> Result<String> + Sync,
) -> Result<()> {
    let is_whole = std::env::var_os(WHOLE).is_some_and(|word| word == "all");
    on_some(if is_whole { usize::MAX } else { count }, run)
}

fn on_some(
    count: usize,
    run: impl Fn(&Scenario, &TestDatabase) -> Result<String> + Sync,
) -> Result<()> {
    let mut jobs = Vec::new();
    let only = std::env::var(ONLY).unwrap_or_default();
    let scenarios = scenarios().into_iter().filter(|scenario| scenario.name.contains(&only));
    for (turn, scenario) in scenarios.enumerate() {
        let mut databases = scenario.on()?;
        let first = turn % databases.len().max(1);
        databases.rotate_left(first);
        for (place, database) in databases.into_iter().enumerate() {
            match place < count {
                true => jobs.push((scenario.clone(), database)),
                false => database.remove()?,
            }
        }
    }
    let jobs = Mutex::new(jobs.into_iter());
    let work = || -> Result<()> {
        loop {
            let job = jobs.lock().expect("nobody panics while holding it").next();
            let Some((scenario, database)) = job else { return Ok(()) };
            let place = format!("{} on {}", scenario.name, database.kind());
            let began = Instant::now();
            let said = run(&scenario, &database).with_context(|| place.clone())?;
            if !said.is_empty() {
                println!("{place}: {said}, {:.1} s", began.elapsed().as_secs_f64());
            }
            database.remove()?;
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| worker.join().expect("errors are returned"));
        ended.collect::<Vec<_>>().into_iter().collect()
    })
}

/// The scenario of this name.
#[must_use]
pub fn scenario(name: &str) -> Scenario {
    let found = scenarios().into_iter().find(|scenario| scenario.name == name);
    found.expect("the list has a scenario of this name")
}

/// All of them.
#[must_use]
pub fn scenarios() -> Vec<Scenario> {
    let email = column("email");
    let nickname = column("nickname");
    let first = [email.clone(), nickname.clone()];
    let loose = Column { nullability: Nullability::Loose, ..nickname.clone() };
    let with = |more: &[Column]| [&first, more].concat();
    let handle = Column { backfill: everywhere("lower(email)"), ..column("handle") };
    let filled_handle = Column { backfill: PerDatabase::Nowhere, ..handle.clone() };
    let bio = Column { nullability: Nullability::Loose, ..column("bio") };
    let score = Column {
        ty: ColumnType::Known("int4".into()),
        default: everywhere("7"),
        ..column("score")
    };
    let weird =
        Column { backfill: everywhere("'x'"), ..column("a \"quoted\" nâme; DROP TABLE users") };
    let deprecated = Column {
        reverse: everywhere("'refilled'"),
        ..in_state(State::Deprecated, nickname.clone())
    };
    let mended = &[Mended {
        table: "users",
        column: "nickname",
        compared_as: "coalesce(nickname, 'mended')",
    }];
    vec![
        Scenario::of_users(
            "add a required column",
            &first,
            vec![
                with(&[in_state(State::Adding, handle.clone())]),
                with(std::slice::from_ref(&filled_handle)),
            ],
            &["id!", "email!", "nickname!", "handle!"],
        ),
        Scenario::of_users(
            "add a nullable column",
            &first,
            vec![with(&[bio])],
            &["id!", "email!", "nickname!", "bio?"],
        ),
        Scenario::of_users(
            "add a column with a default",
            &first,
            vec![with(&[score])],
            &["id!", "email!", "nickname!", "score!"],
        ),
        Scenario::of_users(
            "drop a required column",
            &first,
            vec![vec![email.clone(), deprecated.clone()], vec![email.clone()]],
            &["id!", "email!"],
        ),
        Scenario::of_users(
            "a name that needs quoting",
            &first,
            vec![with(&[in_state(State::Adding, weird)])],
            &["id!", "email!", "nickname!", "a \"quoted\" nâme; DROP TABLE users!"],
        ),
        Scenario::of_users(
            "two changes in one migration",
            &first,
            vec![
                vec![email.clone(), deprecated, in_state(State::Adding, handle)],
                vec![email.clone(), filled_handle],
            ],
            &["id!", "email!", "handle!"],
        ),
        Scenario {
            mended,
            ..Scenario::of_users(
                "make a column required",
                &[email.clone(), loose.clone()],
                vec![
                    vec![email.clone(), with_nullability(Nullability::Upholds)],
                    vec![email.clone(), with_nullability(Nullability::Relies)],
                ],
                &["id!", "email!", "nickname!"],
            )
        },
        Scenario::of_users(
            "let a column be NULL",
            &first,
            vec![
                vec![email.clone(), with_nullability(Nullability::Upholds)],
                vec![email.clone(), with_nullability(Nullability::Loose)],
            ],
            &["id!", "email!", "nickname?"],
        ),
        Scenario::of_users(
            "rename a column",
            &first,
            replaced(&[Column {
                reverse: everywhere("lower(alias)"),
                ..new("alias", "upper(nickname)")
            }]),
            &["id!", "email!", "alias!"],
        ),
        Scenario::of_users(
            "change a column's type",
            &first,
            replaced(&[Column {
                ty: ColumnType::Known("int8".into()),
                reverse: everywhere("'nick' || size"),
                forward: number(),
                ..new("size", "")
            }]),
            &["id!", "email!", "size!"],
        ),
        Scenario::of_users(
            "split a column in two",
            &first,
            replaced(&[
                Column {
                    reverse: everywhere("first || last"),
                    ..new("first", "substr(nickname, 1, 4)")
                },
                new("last", "substr(nickname, 5)"),
            ]),
            &["id!", "email!", "first!", "last!"],
        ),
        Scenario::of_users("join two columns", &first, joined(), &["id!", "address!"]),
        Scenario::of_users(
            "drop a nullable column",
            &[email.clone(), loose],
            vec![vec![email]],
            &["id!", "email!"],
        ),
    ]
    .into_iter()
    .chain(by_triggers())
    .chain([a_wider_key()])
    .chain(of_columns())
    .chain(of_guards())
    .chain(of_minds())
    .collect()
}

/// Replacements that a trigger keeps alike, where there are triggers that change the row.
fn by_triggers() -> Vec<Scenario> {
    let first = [column("email"), column("nickname")];
    let scenario = |name, releases: Vec<Vec<Column>>, end| Scenario {
        databases: &[Database::Postgres],
        ..Scenario::of_users(name, &first, releases, end)
    };
    let at_once = |new: Column| vec![vec![column("email"), by_trigger(new)]];
    let alike = |column: Column| match column.replaces.is_empty() {
        true => column,
        false => by_trigger(column),
    };
    let all_alike = |columns: Vec<Column>| columns.into_iter().map(alike).collect::<Vec<Column>>();
    let split = replaced(&[
        Column { reverse: everywhere("first || last"), ..new("first", "substr(nickname, 1, 4)") },
        new("last", "substr(nickname, 5)"),
    ]);
    // The first release writes both, and the next one knows the new column alone.
    let joined = joined().into_iter().enumerate().filter(|(number, _)| *number != 1);
    vec![
        scenario(
            "rename a column by a trigger",
            at_once(Column {
                reverse: everywhere("lower(alias)"),
                ..new("alias", "upper(nickname)")
            }),
            &["id!", "email!", "alias!"],
        ),
        scenario(
            "change a column's type by a trigger",
            at_once(Column {
                ty: ColumnType::Known("int8".into()),
                reverse: everywhere("'nick' || size"),
                ..new("size", "CAST(substr(nickname, 5) AS bigint)")
            }),
            &["id!", "email!", "size!"],
        ),
        scenario(
            "split a column in two by a trigger, release by release",
            split.into_iter().map(all_alike).collect(),
            &["id!", "email!", "first!", "last!"],
        ),
        scenario(
            "join two columns by a trigger",
            joined.map(|(_, columns)| all_alike(columns)).collect(),
            &["id!", "address!"],
        ),
    ]
}

/// A key of 64 bits takes the place of one of 32.
fn a_wider_key() -> Scenario {
    let columns = [column("email"), column("nickname")];
    let narrow = numbered("id", "int4");
    let wide = Column {
        replaces: vec!["id".into()],
        forward: everywhere("\"id\""),
        reverse: everywhere("\"id_big\""),
        ..by_trigger(numbered("id_big", "int8"))
    };
    let done = numbered("id_big", "int8");
    let table = |key: Column| Table {
        primary_key: vec![key.name.clone()],
        columns: std::iter::once(key).chain(columns.clone()).collect(),
        ..Table::new("users")
    };
    Scenario {
        databases: &[Database::Postgres],
        first: vec![table(narrow)],
        releases: vec![vec![table(wide)], vec![table(done)]],
        ..Scenario::of_users(
            "a primary key becomes bigint",
            &columns,
            Vec::new(),
            &["email!", "nickname!", "id_big!"],
        )
    }
}

/// A key that the database numbers.
fn numbered(name: &str, word: &str) -> Column {
    Column { ty: ColumnType::Known(word.into()), auto: true, ..column(name) }
}

/// The same column, kept alike with what it replaces by a trigger.
fn by_trigger(column: Column) -> Column {
    Column { dual_write: DualWrite::Trigger, ..column }
}

/// What becomes of one column, beside those above.
fn of_columns() -> Vec<Scenario> {
    let (email, nickname) = (column("email"), column("nickname"));
    let first = [email.clone(), nickname.clone()];
    let with = |more: &[Column]| [&first, more].concat();
    let end = &["id!", "email!", "nickname!"];
    let handle = Column {
        nullability: Nullability::Loose,
        backfill: everywhere("nullif(lower(email), 'user7@x')"),
        ..column("handle")
    };
    let filled = Column { backfill: PerDatabase::Nowhere, ..handle.clone() };
    let token = Column {
        // A function: nobody knows that it answers the same for each row, and two runs can be compared.
        default: everywhere("lower('TOKEN')"),
        ..column("token")
    };
    let length = Column {
        ty: ColumnType::Known("int4".into()),
        generated: everywhere("length(nickname)"),
        ..column("length")
    };
    let defaulted = |text: &str| Column { default: everywhere(text), ..nickname.clone() };
    vec![
        Scenario::of_users(
            "add an optional column with a backfill",
            &first,
            vec![with(&[in_state(State::Adding, handle)]), with(&[filled])],
            &["id!", "email!", "nickname!", "handle?"],
        ),
        Scenario::of_users(
            "add a column with a default of each row's own",
            &first,
            vec![with(&[token])],
            &["id!", "email!", "nickname!", "token!"],
        ),
        Scenario::of_users(
            "add a generated column",
            &first,
            vec![with(std::slice::from_ref(&length))],
            &["id!", "email!", "nickname!", "length!"],
        )
        .where_it_can_be_required(),
        Scenario::of_users("drop a generated column", &with(&[length]), vec![first.to_vec()], end)
            .where_it_can_be_required(),
        Scenario::of_users(
            "give a column a default, and another one",
            &first,
            vec![
                vec![email.clone(), defaulted("'somebody'")],
                vec![email.clone(), defaulted("'anybody'")],
            ],
            end,
        ),
        Scenario::of_users(
            "take a column's default away",
            &[email.clone(), defaulted("'somebody'")],
            vec![vec![email, nickname]],
            end,
        ),
    ]
}

/// What the database guards and sorts by.
fn of_guards() -> Vec<Scenario> {
    let first = [column("email"), column("nickname")];
    let end = &["id!", "email!", "nickname!"];
    let unique = Guard::Unique { columns: vec!["email".into(), "nickname".into()] };
    let check = Guard::Check { expression: everywhere("nickname <> ''") };
    let comes = |name, guard: &Guard| {
        let releases = [Some(State::Adding), Some(State::Active)];
        guarded(name, guard, None, &releases)
    };
    let goes = |name, guard: &Guard| {
        let releases = [Some(State::Deprecated), None];
        guarded(name, guard, Some(State::Active), &releases)
    };
    let indexes = |indexes: &[Index]| vec![Table { indexes: indexes.to_vec(), ..users(&first) }];
    let sorted = Index {
        name: "users_sorted_idx".into(),
        keys: vec![
            IndexKey::Up("nickname".into()),
            IndexKey::Down("email".into()),
            IndexKey::Expression(everywhere("lower(email)")),
        ],
        predicate: everywhere("nickname <> 'x'"),
    };
    let loose = [column("email"), Column { nullability: Nullability::Loose, ..column("nickname") }];
    let pair = Index {
        name: "users_pair_idx".into(),
        keys: vec![IndexKey::Up("nickname".into()), IndexKey::Down("email".into())],
        predicate: PerDatabase::Nowhere,
    };
    let plain = Index {
        name: "users_email_idx".into(),
        keys: vec![IndexKey::Up("email".into())],
        predicate: PerDatabase::Nowhere,
    };
    let handle = Column { backfill: everywhere("lower(email)"), ..column("handle") };
    let of_handle = |state| {
        let guard = Guard::Unique { columns: vec!["handle".into()] };
        let index = Index { keys: vec![IndexKey::Up("handle".into())], ..plain.clone() };
        let one = constraint("users_handle_key", &guard, state);
        let columns = [&first[..], &[in_state(state, handle.clone())]].concat();
        vec![Table { constraints: vec![one], indexes: vec![index], ..users(&columns) }]
    };
    vec![
        comes("add UNIQUE", &unique),
        goes("drop UNIQUE", &unique),
        comes("add a CHECK", &check),
        goes("drop a CHECK", &check),
        referencing("add a FOREIGN KEY", None, &[Some(State::Adding), Some(State::Active)]),
        referencing("drop a FOREIGN KEY", Some(State::Active), &[Some(State::Deprecated), None]),
        Scenario {
            first: indexes(&[]),
            releases: vec![
                indexes(&[sorted.clone(), plain.clone()]),
                indexes(std::slice::from_ref(&sorted)),
            ],
            databases: SORT_BY_EXPRESSIONS,
            ..Scenario::of_users("add two indexes, and drop one", &first, Vec::new(), end)
        },
        Scenario {
            first: indexes(&[]),
            releases: vec![
                indexes(&[pair.clone(), plain.clone()]),
                indexes(std::slice::from_ref(&plain)),
            ],
            ..Scenario::of_users(
                "add an index of two columns, and drop it",
                &first,
                Vec::new(),
                end,
            )
        },
        Scenario {
            first: vec![Table { indexes: vec![sorted, plain.clone()], ..users(&loose) }],
            databases: SORT_BY_EXPRESSIONS,
            releases: vec![vec![users(&first[..1])]],
            ..Scenario::of_users(
                "drop a column with its index",
                &loose,
                Vec::new(),
                &["id!", "email!"],
            )
        },
        Scenario {
            releases: vec![of_handle(State::Adding), of_handle(State::Active)],
            ..Scenario::of_users(
                "add a column that is unique and has an index",
                &first,
                Vec::new(),
                &["id!", "email!", "nickname!", "handle!"],
            )
        },
    ]
}

/// The table `users` whose releases declare a guard in these states.
fn guarded(
    name: &'static str,
    guard: &Guard,
    first: Option<State>,
    releases: &[Option<State>],
) -> Scenario {
    let columns = [column("email"), column("nickname")];
    let declared = |state: &Option<State>| {
        let constraints = state.map(|state| constraint("users_guard", guard, state));
        vec![Table { constraints: constraints.into_iter().collect(), ..users(&columns) }]
    };
    Scenario {
        first: declared(&first),
        releases: releases.iter().map(declared).collect(),
        ..Scenario::of_users(name, &columns, Vec::new(), &["id!", "email!", "nickname!"])
    }
}

/// The same of a column that references another table.
fn referencing(name: &'static str, first: Option<State>, releases: &[Option<State>]) -> Scenario {
    let org = Column { ty: ColumnType::Known("int8".into()), ..column("org") };
    let columns = [column("email"), column("nickname"), org];
    let guard = Guard::References {
        column: "org".into(),
        table: "orgs".into(),
        target: "id".into(),
        on_delete: "cascade".into(),
    };
    let declared = |state: &Option<State>| {
        let constraints = state.map(|state| constraint("users_org_fkey", &guard, state));
        let users = Table { constraints: constraints.into_iter().collect(), ..users(&columns) };
        vec![Table { name: "orgs".into(), ..self::users(&columns[..1]) }, users]
    };
    Scenario {
        first: declared(&first),
        releases: releases.iter().map(declared).collect(),
        // Who does not know of the reference keeps to it all the same: the rows are to fit.
        values: |draw| (draw.column.name == "org").then(|| Value::Int(1 + draw.number % 2)),
        ..Scenario::of_users(name, &columns, Vec::new(), &["id!", "email!", "nickname!", "org!"])
    }
}

fn constraint(name: &str, guard: &Guard, state: State) -> Constraint {
    Constraint { name: name.into(), guard: guard.clone(), state, born: String::new() }
}

/// Tables that go, and changes of mind.
fn of_minds() -> Vec<Scenario> {
    let (email, nickname) = (column("email"), column("nickname"));
    let first = [email.clone(), nickname.clone()];
    let end = &["id!", "email!", "nickname!"];
    let handle = Column { backfill: everywhere("lower(email)"), ..column("handle") };
    let adding = [&first[..], &[in_state(State::Adding, handle)]].concat();
    let reverse = Column { reverse: everywhere("'refilled'"), ..nickname.clone() };
    let deprecated = vec![email.clone(), in_state(State::Deprecated, reverse)];
    let loose = with_nullability(Nullability::Loose);
    let upheld = with_nullability(Nullability::Upholds);
    let unique = Guard::Unique { columns: vec!["email".into()] };
    let note = Table { name: "notes".into(), ..users(&first[..1]) };
    vec![
        Scenario {
            first: vec![users(&first), note],
            releases: vec![vec![users(&first)]],
            ..Scenario::of_users("drop a table", &first, Vec::new(), end)
        },
        Scenario::of_users(
            "add a column, and not after all",
            &first,
            vec![adding, first.to_vec()],
            end,
        ),
        Scenario::of_users(
            "drop a column, and not after all",
            &first,
            vec![deprecated, first.to_vec()],
            end,
        ),
        Scenario {
            mended: &[Mended {
                table: "users",
                column: "nickname",
                compared_as: "coalesce(nickname, 'mended')",
            }],
            ..Scenario::of_users(
                "make a column required, and not after all",
                &[email.clone(), loose.clone()],
                vec![vec![email.clone(), upheld], vec![email, loose]],
                &["id!", "email!", "nickname?"],
            )
        },
        guarded("add a guard, and not after all", &unique, None, &[Some(State::Adding), None]),
    ]
}

/// The table `users`, of these columns beside its key.
#[must_use]
pub fn users(columns: &[Column]) -> Table {
    Table {
        primary_key: vec!["id".into()],
        columns: std::iter::once(numbered("id", "int8")).chain(columns.iter().cloned()).collect(),
        ..Table::new("users")
    }
}

/// `nickname`, with what mends rows with NULL on the way in, and rows that came to have it on the way back.
fn with_nullability(nullability: Nullability) -> Column {
    let (backfill, reverse) = (everywhere("'mended'"), everywhere("'refilled'"));
    Column { nullability, backfill, reverse, ..column("nickname") }
}

/// A new column in the place of `nickname`.
fn new(name: &str, forward: &str) -> Column {
    Column { replaces: vec!["nickname".into()], forward: everywhere(forward), ..column(name) }
}

/// The three releases of a replacement of `nickname`.
fn replaced(new: &[Column]) -> Vec<Vec<Column>> {
    let release = |old: &[Column], new: Vec<Column>| {
        [column("email")].iter().chain(old).cloned().chain(new).collect::<Vec<_>>()
    };
    let adding = new.iter().cloned().map(|column| in_state(State::Adding, column)).collect();
    let plain = |column: &Column| Column { replaces: Vec::new(), ..column.clone() };
    vec![
        release(&[column("nickname")], adding),
        release(&[in_state(State::Deprecated, column("nickname"))], new.to_vec()),
        release(&[], new.iter().map(plain).collect()),
    ]
}

/// Two columns become one, and each says how it comes back.
fn joined() -> Vec<Vec<Column>> {
    let old = |state| {
        ["email", "nickname"].map(|name| in_state(state, by_database(column(name)))).to_vec()
    };
    let replaces = vec!["email".into(), "nickname".into()];
    let forward = everywhere("email || '/' || nickname");
    let new = Column { replaces, forward, ..column("address") };
    let with = |old: Vec<Column>, new: Column| [old, vec![new]].concat();
    vec![
        with(old(State::Active), in_state(State::Adding, new.clone())),
        with(old(State::Deprecated), new.clone()),
        vec![Column { replaces: Vec::new(), ..new }],
    ]
}

/// How each half comes back, as each database spells it.
fn by_database(column: Column) -> Column {
    let (postgres, sqlite) = match column.name.as_str() {
        "email" => ("split_part(address, '/', 1)", "substr(address, 1, instr(address, '/') - 1)"),
        _ => ("split_part(address, '/', 2)", "substr(address, instr(address, '/') + 1)"),
    };
    let texts = [
        (Database::Postgres, postgres.into()),
        (Database::Sqlite, sqlite.into()),
        (Database::Mysql, sqlite.into()),
    ];
    Column { reverse: PerDatabase::Each(texts.into()), ..column }
}

/// The number in `nickname`, as each database spells it.
fn number() -> PerDatabase {
    let cast = |ty: &str| format!("CAST(substr(nickname, 5) AS {ty})");
    let texts = [
        (Database::Postgres, cast("bigint")),
        (Database::Sqlite, cast("bigint")),
        (Database::Mysql, cast("signed")),
    ];
    PerDatabase::Each(texts.into())
}

#[test]
fn every_scenario_has_a_name_of_its_own_and_a_database() {
    let mut names: Vec<_> = scenarios().iter().map(|scenario| scenario.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    assert!(scenarios().iter().all(|scenario| !scenario.databases.is_empty()));
}
