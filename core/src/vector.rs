//! What one build reads and writes: the state of each linked property, with its birth.
//!
//! A binary carries its vector only; phases are judged by the table that the ledger holds with each
//! change ([`crate::lifecycle::Phases`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::hash;
use crate::lifecycle::{Access, PhaseRange, Stand, Use};
use crate::migration::Change;
use crate::schema::{Column, Constraint, EnumValue, Schema};

/// One build of one project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vector {
    /// The project that the build belongs to.
    pub project: String,
    /// A struct each.
    pub structs: Vec<Struct>,
    /// The enum types of their columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enums: Vec<Enum>,
}

/// One enum type, as all columns of a build together use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enum {
    /// The type.
    pub name: String,
    /// How the build uses the tables with such columns: as the one that it uses most.
    pub access: Access,
    /// Its values by name, `mood.angry`'s as `angry`.
    pub values: BTreeMap<String, Property>,
}

/// One struct over a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Struct {
    /// The table.
    pub table: String,
    /// How it uses the table.
    pub access: Access,
    /// Its columns by name.
    pub columns: BTreeMap<String, Property>,
    /// What it keeps to, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub constraints: BTreeMap<String, Property>,
}

/// What a build does with one column or constraint, or one value of an enum type, and which of that name it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    /// The migration that created it.
    pub born: String,
    /// What the build does with it.
    pub stand: Stand,
}

impl Vector {
    /// The vector of the code whose lock file this schema is.
    pub fn of_schema(project: &str, schema: &Schema) -> Vector {
        let structs = schema.tables.iter().map(|table| Struct {
            table: table.name.clone(),
            access: table.access,
            columns: table
                .columns
                .iter()
                .map(|c| (c.name.clone(), Property { born: c.born.clone(), stand: c.stand() }))
                .collect(),
            constraints: table
                .constraints
                .iter()
                .map(|c| (c.name.clone(), Property { born: c.born.clone(), stand: c.stand() }))
                .collect(),
        });
        let enums = schema.enums.iter().filter_map(|one| {
            let access = schema.places(&one.name).map(|(table, _)| table.access).min()?;
            let property = |value: &EnumValue| Property {
                born: value.born.clone(),
                stand: value.state.facts().stand,
            };
            let values = one.values.iter().map(|value| (value.name.clone(), property(value)));
            Some(Enum { name: one.name.clone(), access, values: values.collect() })
        });
        Vector { project: project.to_owned(), structs: structs.collect(), enums: enums.collect() }
    }

    /// The phases of a change in which this build may live; `None`: in none, it is refused.
    pub fn range(&self, change: &Change) -> Option<PhaseRange> {
        let mut range = change.phases.anywhere();
        if let Some(one) = &change.enumeration {
            for entry in self.enums.iter().filter(|entry| entry.name == one.name) {
                range = range.intersect(entry.range(change)?)?;
            }
            return Some(range);
        }
        for entry in self.structs.iter().filter(|entry| entry.table == change.table) {
            range = range.intersect(entry.range(change)?)?;
        }
        Some(range)
    }

    /// Whether it links a struct over this table.
    pub fn links(&self, table: &str) -> bool {
        self.structs.iter().any(|entry| entry.table == table)
    }

    /// Whether it writes this table.
    pub fn writes(&self, table: &str) -> bool {
        self.structs.iter().any(|entry| entry.table == table && entry.access != Access::ReadOnly)
    }

    /// Whether it links what a change is about: its table, or its enum type.
    pub fn links_subject(&self, change: &Change) -> bool {
        match &change.enumeration {
            None => self.links(&change.table),
            Some(one) => self.enums.iter().any(|entry| entry.name == one.name),
        }
    }

    /// Whether it writes what a change is about: its table, or one with a column of its enum type.
    pub fn writes_subject(&self, change: &Change) -> bool {
        let writes = |entry: &Enum| entry.access != Access::ReadOnly;
        match &change.enumeration {
            None => self.writes(&change.table),
            Some(one) => self.enums.iter().any(|entry| entry.name == one.name && writes(entry)),
        }
    }

    /// A name for builds that do the same.
    pub fn fingerprint(&self) -> String {
        hash::of_text(&serde_json::to_string(self).expect("plain data has a JSON form"))
    }
}

impl Enum {
    /// The phases of a change in which the columns of this type may live.
    fn range(&self, change: &Change) -> Option<PhaseRange> {
        let stand = change.value_of_type().map_or(Stand::Required, |value| self.stand(value));
        change.phases.of(self.access, stand)
    }

    /// What the build does with a value; one of the same name and another birth is another one.
    fn stand(&self, value: &EnumValue) -> Stand {
        match self.values.get(&value.name) {
            Some(property) if property.born == value.born => property.stand,
            _ => Stand::Absent,
        }
    }
}

impl Struct {
    /// The phases of a change in which this struct may live.
    fn range(&self, change: &Change) -> Option<PhaseRange> {
        match &change.phases.pairs {
            None => {
                let column = change.column().map(|column| self.stand(column));
                let guard = change.constraint.as_ref().map(|one| self.guard(one));
                // Whoever has a struct over a table relies on the table.
                change.phases.of(self.access, column.or(guard).unwrap_or(Stand::Required))
            }
            Some(pairs) => {
                pairs.of(self.access, self.uses(&change.replaced)?, self.uses(&change.columns)?)
            }
        }
    }

    /// What the struct does with columns that share one life; `None` where it does not treat them alike, may write
    /// NULL into one that is required, or reads no NULL from one that may have it.
    fn uses(&self, columns: &[Column]) -> Option<Use> {
        let used = |column: &Column| Use::of(self.access, self.stand(column), !column.holds_null());
        let uses: Option<Vec<_>> = columns.iter().map(used).collect();
        let uses = uses?;
        let first = *uses.first()?;
        uses.iter().all(|other| *other == first).then_some(first)
    }

    /// What the struct does with a column; one of the same name and another birth is another property.
    fn stand(&self, column: &Column) -> Stand {
        meant(&self.columns, &column.name, &column.born)
    }

    /// The same with a constraint.
    fn guard(&self, constraint: &Constraint) -> Stand {
        meant(&self.constraints, &constraint.name, &constraint.born)
    }
}

fn meant(properties: &BTreeMap<String, Property>, name: &str, born: &str) -> Stand {
    match properties.get(name) {
        // What names a column of another project's table does not know its birth, and means the one that is
        // there.
        Some(property) if property.born.is_empty() || property.born == born => property.stand,
        _ => Stand::Absent,
    }
}
