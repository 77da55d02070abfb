//! The statements of one release.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use colmig_core::ident::quote;
use colmig_core::lifecycle::{Access, Nullability};
use colmig_core::schema::{Column, Table};

use super::course::{Course, property};
use super::rows::{Row, Rows, take};
use crate::connection::Connection;
use crate::scenarios::{in_order_of_reference, is_referenced, referenced};
use crate::values::{Kind, Value, cast_to};

/// A writer inserts no more rows than that into a table; then it works on those that are there.
const INSERTS: u64 = 60;

/// One release on a connection of its own.
pub(super) struct Release {
    course: Arc<Course>,
    rows: Arc<Rows>,
    number: usize,
    connection: Connection,
    rounds: u64,
    sent: u64,
}

/// What an application knows when it writes a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Knows {
    /// The value of every column that it writes.
    All,
    /// What it can read. What it only writes is left out of an update, or is computed by the database where it
    /// follows from what is read.
    WhatItReads,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Statement {
    Insert,
    Update,
}

/// A statement that is being composed.
#[derive(Default)]
struct Composed {
    /// The columns with what they are given.
    slots: Vec<(String, String)>,
    values: Vec<(Value, Kind)>,
}

impl Release {
    pub(super) fn on(
        course: Arc<Course>,
        rows: Arc<Rows>,
        number: usize,
        connection: Connection,
    ) -> Release {
        Release { course, rows, number, connection, rounds: 0, sent: 0 }
    }

    /// Ends it; how many statements it sent.
    pub(super) fn end(self) -> Result<u64> {
        self.connection.close()?;
        Ok(self.sent)
    }

    /// Does once all that it does.
    pub(super) fn round(&mut self) -> Result<()> {
        let course = self.course.clone();
        self.rounds += 1;
        let knows = if self.rounds.is_multiple_of(2) { Knows::All } else { Knows::WhatItReads };
        let chance = self.chance();
        for table in in_order_of_reference(course.tables(self.number)) {
            if table.access == Access::Writer && self.rounds <= INSERTS {
                self.insert(table, knows)?;
            }
            if table.access != Access::ReadOnly
                && let Some(row) = self.rows.any_of_ours(&table.name, chance)
            {
                let mut row = take(&row);
                self.update(table, &mut row, knows)?;
                self.read(table, &mut row)?;
            }
            if let Some(row) = self.rows.any(&table.name, chance) {
                self.read(table, &mut take(&row))?;
            }
            self.find_no_null(table)?;
        }
        Ok(())
    }

    /// Reads rows of every writer, and some that were there before.
    pub(super) fn read_all(&mut self) -> Result<()> {
        let course = self.course.clone();
        for table in course.tables(self.number) {
            for row in self.rows.sample(&table.name) {
                self.read(table, &mut take(&row))?;
            }
        }
        Ok(())
    }

    /// A number like any other, which is the same when the test runs again.
    fn chance(&self) -> usize {
        let mixed = (self.rounds + 1000 * self.number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 40) as usize
    }

    fn insert(&mut self, table: &Table, knows: Knows) -> Result<()> {
        let mut row = self.rows.new_row();
        let composed = self.compose(table, &mut row, Statement::Insert, knows)?;
        if let Some(key) = self.left_to_the_database(table) {
            return self.insert_numbered(table, key, row, &composed);
        }
        let names = composed.list(|name, _| name.to_owned());
        let given = composed.list(|_, given| given.to_owned());
        let sql = format!("INSERT INTO {} ({names}) VALUES ({given})", quote(&table.name));
        self.write(&sql, &composed.values)?;
        self.read(table, &mut row)?;
        self.rows.add(table, row);
        Ok(())
    }

    /// The key that an insert leaves out.
    fn left_to_the_database<'t>(&self, table: &'t Table) -> Option<&'t Column> {
        let [key] = table.primary_key.as_slice() else { return None };
        table.column(key).filter(|column| column.auto && self.course.leaves_keys)
    }

    /// A number is greater than every one that was given before, whichever release asked for it.
    fn insert_numbered(
        &mut self,
        table: &Table,
        key: &Column,
        mut row: Row,
        composed: &Composed,
    ) -> Result<()> {
        let before = self.rows.greatest(&table.name);
        let names = composed.list(|name, _| name.to_owned());
        let given = composed.list(|_, given| given.to_owned());
        let sql = format!(
            "INSERT INTO {} ({names}) VALUES ({given}) RETURNING {}",
            quote(&table.name),
            quote(&key.name)
        );
        self.sent += 1;
        let found = self.connection.read(&sql, &composed.values, &[Kind::of(key)]);
        let found = found.with_context(|| format!("{sql} {:?}", composed.values))?;
        let [values] = found.as_slice() else { bail!("{} rows for {sql}", found.len()) };
        let [Value::Int(number)] = values.as_slice() else { bail!("{values:?} for {sql}") };
        ensure!(*number > before, "{number} is given behind {before}");
        row.key = *number;
        self.read(table, &mut row)?;
        self.rows.add(table, row);
        Ok(())
    }

    fn update(&mut self, table: &Table, row: &mut Row, knows: Knows) -> Result<()> {
        // A hundred versions of a row have room before the next one's.
        row.number = row.number / 100 * 100 + (row.number + 1) % 100;
        let mut composed = self.compose(table, row, Statement::Update, knows)?;
        if composed.slots.is_empty() {
            return Ok(());
        }
        let set = composed.list(|name, given| format!("{name} = {given}"));
        let key = self.key(table, row, &mut composed)?;
        let sql = format!("UPDATE {} SET {set} WHERE {key}", quote(&table.name));
        self.write(&sql, &composed.values)
    }

    /// Draws what the statement writes, and puts it down as the columns' values.
    fn compose(
        &mut self,
        table: &Table,
        row: &mut Row,
        statement: Statement,
        knows: Knows,
    ) -> Result<Composed> {
        let left = self.left_to_the_database(table).map(|column| &column.name);
        let named = table.columns.iter().filter(|column| {
            left != Some(&column.name) && is_named(table, column, statement, knows)
        });
        let named: Vec<&Column> = named.collect();
        for column in &named {
            self.draw(table, column, row)?;
        }
        let mut composed = Composed::default();
        for column in named {
            let computed =
                (knows == Knows::WhatItReads).then(|| self.computed(table, column)).flatten();
            let given = match computed {
                None => self.bind(table, row, column, &mut composed)?,
                Some((sources, expression)) => {
                    let mut values = Vec::new();
                    for source in sources {
                        let given = self.bind(table, row, source, &mut composed)?;
                        values.push(format!("{given} AS {}", quote(&source.name)));
                    }
                    computed_over(table, expression, &values)
                }
            };
            composed.slots.push((quote(&column.name), given));
        }
        Ok(composed)
    }

    /// How the library has the database compute a column from those that are read.
    fn computed<'t>(
        &self,
        table: &'t Table,
        column: &'t Column,
    ) -> Option<(Vec<&'t Column>, &'t str)> {
        let (sources, expression) = table.derived(column)?;
        let sources = sources.into_iter().map(|name| table.column(name));
        Some((sources.collect::<Option<_>>()?, expression.on(self.course.database)?))
    }

    /// Draws the values from which a column's follows; what others refer to, and who refers, stays.
    fn draw(&self, table: &Table, column: &Column, row: &mut Row) -> Result<()> {
        let course = &self.course;
        let declared = course.tables(self.number);
        for root in course.roots(table, column).iter().filter(|root| !root.auto) {
            let cell = property(table, root);
            let other = referenced(declared, table, root);
            if row.cells.contains_key(&cell)
                && (other.is_some() || is_referenced(declared, table, root))
            {
                continue;
            }
            let value = match other {
                None => course.scenario.draw(declared, table, root, row.number, self.number),
                Some((other, target)) => {
                    let chosen = self.rows.any(&other.name, self.chance());
                    let chosen = chosen.with_context(|| format!("no row of `{}`", other.name))?;
                    let chosen = take(&chosen);
                    let value = own_value(other, target, &chosen);
                    value.with_context(|| format!("no `{}.{}`", other.name, target.name))?
                }
            };
            row.cells.insert(cell, value);
        }
        Ok(())
    }

    /// Adds the value that a column is to have; its placeholder.
    fn bind(
        &mut self,
        table: &Table,
        row: &Row,
        column: &Column,
        composed: &mut Composed,
    ) -> Result<String> {
        let value = self.value(table, row, column)?;
        let value = value.with_context(|| format!("`{}` has no value to write", column.name))?;
        let kind = Kind::of(column);
        composed.values.push((value, kind));
        let placeholder = format!("${}", composed.values.len());
        Ok(match kind {
            Kind::Cast => cast_to(&placeholder, column, self.course.database),
            _ => placeholder,
        })
    }

    /// What must be read; nothing where nobody wrote it.
    fn value(&mut self, table: &Table, row: &Row, column: &Column) -> Result<Option<Value>> {
        let course = self.course.clone();
        if column.auto {
            return Ok(own_value(table, column, row));
        }
        let Some(derivation) = course.derivations.get(&property(table, column)) else {
            return Ok(own_value(table, column, row));
        };
        let mut composed = Composed::default();
        let mut values = Vec::new();
        for source in &derivation.sources {
            if self.value(table, row, source)?.is_none() {
                return Ok(None);
            }
            let given = self.bind(table, row, source, &mut composed)?;
            values.push(format!("{given} AS {}", quote(&source.name)));
        }
        let computed = computed_over(table, &derivation.expression, &values);
        let sql = format!("SELECT {}", as_read(&computed, column));
        let rows = self.connection.read(&sql, &composed.values, &[Kind::of(column)]);
        let rows = rows.with_context(|| sql.clone())?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()))
    }

    /// Reads one row by its key with every column that the release reads.
    fn read(&mut self, table: &Table, row: &mut Row) -> Result<()> {
        let read: Vec<_> =
            table.columns.iter().filter(|column| column.state.facts().reads).collect();
        let kinds: Vec<_> = read.iter().map(|column| Kind::of(column)).collect();
        let names = read.iter().map(|column| as_read(&qualified(table, column), column));
        let names = names.collect::<Vec<_>>().join(", ");
        let mut composed = Composed::default();
        let key = self.key(table, row, &mut composed)?;
        let sql = format!("SELECT {names} FROM {} WHERE {key}", quote(&table.name));
        self.sent += 1;
        let found = self.connection.read(&sql, &composed.values, &kinds);
        let found = found.with_context(|| format!("{sql} {:?}", composed.values))?;
        let [values] = found.as_slice() else {
            bail!("{} rows for {sql} {:?}", found.len(), composed.values);
        };
        for (column, value) in read.into_iter().zip(values) {
            let at = || format!("{sql} {:?}: `{}`", composed.values, column.name);
            self.compare(table, row, column, value).with_context(at)?;
        }
        Ok(())
    }

    fn compare(
        &mut self,
        table: &Table,
        row: &mut Row,
        column: &Column,
        read: &Value,
    ) -> Result<()> {
        let relies = column.nullability == Nullability::Relies;
        ensure!(!relies || *read != Value::Null, "a required column is NULL");
        let written = self.value(table, row, column)?;
        if written.as_ref().is_some_and(|value| *value != Value::Null) {
            ensure!(written.as_ref() == Some(read), "it is {read:?}, and {written:?} was written");
            return Ok(());
        }
        if *read == Value::Null || !column.generated.is_nowhere() {
            return Ok(());
        }
        let cell = property(table, column);
        let is_given = !column.default.is_nowhere() && written.is_none();
        ensure!(
            is_given || self.course.mended.contains(&cell),
            "it is {read:?}, and {written:?} was written"
        );
        // Once given, it stays.
        row.cells.insert(cell, read.clone());
        Ok(())
    }

    /// Looks at every row, those that were there before among them.
    fn find_no_null(&mut self, table: &Table) -> Result<()> {
        let relies = |column: &&Column| {
            column.state.facts().reads && column.nullability == Nullability::Relies
        };
        let nulls = table.columns.iter().filter(relies);
        let nulls: Vec<_> =
            nulls.map(|column| format!("{} IS NULL", qualified(table, column))).collect();
        if nulls.is_empty() {
            return Ok(());
        }
        let sql =
            format!("SELECT count(*) FROM {} WHERE {}", quote(&table.name), nulls.join(" OR "));
        self.sent += 1;
        let count =
            self.connection.read(&sql, &[], &[Kind::Int(8)]).with_context(|| sql.clone())?;
        ensure!(count == [[Value::Int(0)]], "{count:?} for {sql}");
        Ok(())
    }

    fn write(&mut self, sql: &str, values: &[(Value, Kind)]) -> Result<()> {
        self.sent += 1;
        let met =
            self.connection.write(sql, values).with_context(|| format!("{sql} {values:?}"))?;
        ensure!(met == 1, "{met} rows for {sql} {values:?}");
        Ok(())
    }

    /// Which row is meant; its values are added.
    fn key(&mut self, table: &Table, row: &Row, composed: &mut Composed) -> Result<String> {
        let mut parts = Vec::new();
        for name in &table.primary_key {
            let column = table.column(name).context("a key is declared")?;
            let given = self.bind(table, row, column, composed)?;
            parts.push(format!("{} = {given}", qualified(table, column)));
        }
        Ok(parts.join(" AND "))
    }
}

impl Composed {
    fn list(&self, show: impl Fn(&str, &str) -> String) -> String {
        let shown = self.slots.iter().map(|(name, given)| show(name, given));
        shown.collect::<Vec<_>>().join(", ")
    }
}

/// Whether a statement names a column, as the library's would.
fn is_named(table: &Table, column: &Column, statement: Statement, knows: Knows) -> bool {
    let is_key = table.primary_key.contains(&column.name);
    if is_key {
        // The library leaves a key that the database makes out; here it says whose row it is.
        return statement == Statement::Insert;
    }
    if column.is_made() || !column.state.facts().writes {
        return false;
    }
    let is_read = column.state.facts().reads && column.nullability != Nullability::Upholds;
    let is_source = table.columns.iter().any(|other| {
        table.derived(other).is_some_and(|(sources, _)| sources.contains(&column.name.as_str()))
    });
    statement == Statement::Insert
        || knows == Knows::All
        || is_read
        || is_source
        || table.derived(column).is_some()
}

/// The value of a column that has one of its own.
fn own_value(table: &Table, column: &Column, row: &Row) -> Option<Value> {
    if column.auto {
        return Some(Value::Int(row.key));
    }
    row.cells.get(&property(table, column)).cloned()
}

/// Qualified, since SQLite takes a lone `"name"` that no column has for a text.
fn qualified(table: &Table, column: &Column) -> String {
    format!("{}.{}", quote(&table.name), quote(&column.name))
}

fn as_read(expression: &str, column: &Column) -> String {
    match Kind::of(column) {
        Kind::Cast => format!("CAST({expression} AS text)"),
        _ => expression.to_owned(),
    }
}

/// An expression over values, which it finds under the names of their columns.
fn computed_over(table: &Table, expression: &str, values: &[String]) -> String {
    format!("(SELECT {expression} FROM (SELECT {}) AS {})", values.join(", "), quote(&table.name))
}
