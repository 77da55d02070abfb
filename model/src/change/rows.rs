//! Columns and rows, and what statements do to them.

use colmig_core::lifecycle::Stand;
use colmig_core::protocol::ChangeKind;

use super::Release;

/// What a column says: NULL, or one of a few values.
pub type Value = Option<u8>;

/// What `backfill`, `reverse` and a constant default give a row without a value.
pub(super) const FILL: u8 = 1;

/// What the database guarantees of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It is not there.
    Missing,
    /// It may be NULL.
    Nullable,
    /// It may be NULL, and an insert without it gets the default.
    NullableDefault,
    /// New rows are checked, old ones are not.
    NotValid,
    /// No row has NULL.
    Required,
    /// No row has NULL, and an insert without it gets the default.
    Default,
}

impl Level {
    /// Whether no row has NULL.
    pub fn is_required(self) -> bool {
        self >= Level::Required
    }

    /// Whether an insert without the column gets a value.
    pub fn has_default(self) -> bool {
        matches!(self, Level::Default | Level::NullableDefault)
    }

    /// With NOT NULL.
    pub fn enforced(self) -> Level {
        if self.has_default() { Level::Default } else { Level::Required }
    }

    /// Without it.
    pub fn relaxed(self) -> Level {
        if self.has_default() { Level::NullableDefault } else { Level::Nullable }
    }
}

/// What a release does with one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    reads: Reads,
    writes: Writes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    Nothing,
    Option,
    Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writes {
    /// No rows at all.
    NoRows,
    Nothing,
    Value,
    Option,
    Null,
}

impl Use {
    /// A release that does not know the table.
    pub const NONE: Use = Use { reads: Reads::Nothing, writes: Writes::NoRows };
    /// F1's `delete-only`: every write empties the column.
    pub const EMPTIES: Use = Use { reads: Reads::Nothing, writes: Writes::Null };

    /// A stand, as reads and writes.
    pub fn of(stand: Stand) -> Use {
        let (reads, writes) = match stand {
            Stand::Absent => (Reads::Nothing, Writes::Nothing),
            Stand::Adding | Stand::Deprecated => (Reads::Nothing, Writes::Value),
            Stand::Loose => (Reads::Nothing, Writes::Option),
            Stand::Required => (Reads::Value, Writes::Value),
            Stand::Optional => (Reads::Option, Writes::Option),
            Stand::Row => (Reads::Option, Writes::Value),
        };
        Use { reads, writes }
    }

    /// The same of a column that may be NULL, if it may.
    pub fn nullable(self, nullable: bool) -> Use {
        match self {
            Use { reads, writes: Writes::Value } if nullable => {
                let reads = if reads == Reads::Value { Reads::Option } else { reads };
                Use { reads, writes: Writes::Option }
            }
            other => other,
        }
    }
}

impl Release {
    /// A column's name in messages: `o` and `n`, or `c` where there is one only.
    fn label(&self, column: usize) -> &'static str {
        if self.uses.len() == 1 { "c" } else { ["o", "n"][column] }
    }

    /// The values that it may write.
    pub fn values(&self) -> &'static [Value] {
        let writes = |what| self.uses.iter().any(|u| u.writes == what);
        if writes(Writes::NoRows) {
            &[]
        } else if writes(Writes::Option) {
            &[None, Some(1), Some(2)]
        } else if writes(Writes::Value) {
            &[Some(1), Some(2)]
        } else {
            &[Some(1)]
        }
    }
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// What the columns say; of a change of one column only the first counts.
    pub values: [Value; 2],
    /// What the application last wrote; NULL, if it wrote nothing.
    pub truth: Value,
}

/// The columns of the change, and the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    /// The old column and the new one; of a change of one column only the first counts.
    pub levels: [Level; 2],
    /// Rows, and places for rows.
    pub rows: [Option<Row>; 2],
}

impl Table {
    fn with(levels: [Level; 2], value: Value) -> Table {
        let row = Row { values: [value, None], truth: value };
        Table { levels, rows: [Some(row), None] }
    }

    /// A table with one row, before a change of one column.
    pub fn before(kind: ChangeKind) -> Table {
        use ChangeKind as K;
        let (level, value) = match kind {
            K::CreateTable
            | K::AddRequired
            | K::AddNullable
            | K::AddDefault
            | K::AddVolatile
            | K::AddGenerated => (Level::Missing, None),
            K::DropRequired | K::Relax => (Level::Required, Some(FILL)),
            K::DropNullable => (Level::Nullable, Some(FILL)),
            K::DropDefault => (Level::Default, Some(FILL)),
            K::Tighten => (Level::Nullable, None),
            K::Replace | K::ReplaceByTrigger => return Table::before_replacement(false),
            _ => panic!("{kind:?} is not explored"),
        };
        let mut table = Table::with([level, Level::Missing], value);
        if kind == K::CreateTable {
            table.rows = [None; 2];
        }
        table
    }

    /// A table with one row, before a replacement.
    pub fn before_replacement(nullable: bool) -> Table {
        let level = if nullable { Level::Nullable } else { Level::Required };
        Table::with([level, Level::Missing], Some(FILL))
    }

    /// The same with another row.
    pub fn with_row(mut self, place: usize, row: Option<Row>) -> Table {
        self.rows[place] = row;
        self
    }

    /// Whether any row has NULL in this column.
    pub fn has_null(&self, column: usize) -> bool {
        self.rows.iter().flatten().any(|row| row.values[column].is_none())
    }

    /// What goes wrong when a release reads every row.
    pub fn read(&self, release: &Release) -> Result<(), String> {
        for (column, using) in release.uses.iter().enumerate() {
            if using.reads == Reads::Nothing {
                continue;
            }
            let (name, label) = (&release.name, release.label(column));
            if self.levels[column] == Level::Missing {
                return Err(format!("statement error: {name} reads missing column {label}"));
            }
            for Row { values, truth } in self.rows.iter().flatten() {
                let value = values[column];
                if using.reads == Reads::Value && value.is_none() {
                    return Err(format!("{name} reads NULL in {label} as required"));
                }
                // Where NULL is no value, it says that nobody wrote the new column yet.
                let unwritten = value.is_none() && release.uses.len() == 1;
                if value != *truth && !unwritten {
                    return Err(format!(
                        "{name} reads stale or lost {label}={value:?}, truth={truth:?}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// The row after a release has written `value` into it.
    pub fn write(
        &self,
        release: &Release,
        place: usize,
        value: Value,
        trigger: bool,
    ) -> Result<Row, String> {
        let name = &release.name;
        let new = self.rows[place].is_none();
        let mut row = self.rows[place].unwrap_or(Row { values: [None; 2], truth: None });
        for (column, using) in release.uses.iter().enumerate() {
            let label = release.label(column);
            let written = match using.writes {
                Writes::Nothing | Writes::NoRows => {
                    if new && self.levels[column].has_default() {
                        (row.values[column], row.truth) = (Some(FILL), Some(FILL));
                    }
                    continue;
                }
                Writes::Null => None,
                Writes::Value | Writes::Option => {
                    row.truth = value;
                    value
                }
            };
            if self.levels[column] == Level::Missing {
                return Err(format!("statement error: {name} writes missing column {label}"));
            }
            row.values[column] = written;
        }
        if trigger {
            self.keep_alike(release, &mut row)?;
        }
        self.check(release, &row)?;
        Ok(row)
    }

    /// The two-way trigger: where one column is written, the other follows.
    fn keep_alike(&self, release: &Release, row: &mut Row) -> Result<(), String> {
        let name = &release.name;
        if self.levels[0] == Level::Missing {
            return Err(format!(
                "statement error: the trigger names dropped column o, {name} writes"
            ));
        }
        let silent = release.uses.iter().position(|using| using.writes == Writes::Nothing);
        if let Some(other) = silent.filter(|other| self.levels[*other] != Level::Missing) {
            row.values[other] = row.values[1 - other];
        }
        Ok(())
    }

    /// What the database says to a row that is written, by whatever column.
    pub fn check(&self, release: &Release, row: &Row) -> Result<(), String> {
        let columns = self.levels.iter().zip(&row.values).take(release.uses.len());
        let refuses =
            |(level, value): (&Level, &Value)| *level >= Level::NotValid && value.is_none();
        match columns.into_iter().position(refuses) {
            None => Ok(()),
            Some(column) => Err(format!(
                "statement error: {} writes NULL in {}, which is NOT NULL",
                release.name,
                release.label(column)
            )),
        }
    }
}
