//! What a name means where it stands.

use colmig_core::schema::Table;
use colmig_core::types::Database;
use sqlparser::ast::Ident;

/// The relations that names can mean at one place, and those around it.
#[derive(Debug, Default)]
pub(super) struct Scope<'s, 'o> {
    pub(super) relations: Vec<Relation<'s>>,
    /// Columns that USING or NATURAL made one of two.
    pub(super) merged: Vec<String>,
    /// Whether a NATURAL join merged columns that nobody named.
    pub(super) natural: bool,
    pub(super) outer: Option<&'o Scope<'s, 'o>>,
}

/// One relation.
#[derive(Clone, Debug)]
pub(super) struct Relation<'s> {
    /// Its alias, or its own name.
    pub(super) name: Option<Ident>,
    pub(super) source: Source<'s>,
}

/// What a relation is.
#[derive(Clone, Debug)]
pub(super) enum Source<'s> {
    /// A table of the project.
    Table(&'s Table),
    /// A query in this text, with the names of its columns where they are known.
    Query(Option<Vec<String>>),
    /// `excluded`: the row that was to be inserted.
    Proposed,
    /// Something else.
    Unknown,
}

/// What a name without a qualifier means.
#[derive(Debug, PartialEq)]
pub(super) enum Meaning<'s> {
    /// Columns of tables of the project: one, or several that a join merged.
    Columns(Vec<(&'s Table, &'s str)>),
    /// One of these, or of something that is not known.
    Ambiguous(Vec<(&'s Table, &'s str)>),
    /// A row as a whole.
    Row(&'s Table),
    /// Nothing of the project's.
    Nothing,
}

/// WITH queries by name, and those around them.
#[derive(Debug, Default)]
pub(super) struct Queries<'o> {
    pub(super) here: Vec<(Ident, Option<Vec<String>>)>,
    pub(super) outer: Option<&'o Queries<'o>>,
}

impl Queries<'_> {
    pub(super) fn find(&self, name: &Ident, database: Database) -> Option<&Option<Vec<String>>> {
        let here = self.here.iter().rev();
        let found = here.into_iter().find(|(known, _)| same(known, name, database));
        found
            .map(|(_, columns)| columns)
            .or_else(|| self.outer.and_then(|outer| outer.find(name, database)))
    }
}

impl<'s> Scope<'s, '_> {
    /// The relation of this alias, here or around.
    pub(super) fn relation(&self, name: &Ident, database: Database) -> Option<&Relation<'s>> {
        let is_it = |relation: &&Relation<'s>| {
            relation.name.as_ref().is_some_and(|known| same(known, name, database))
        };
        let here = self.relations.iter().find(is_it);
        here.or_else(|| self.outer.and_then(|outer| outer.relation(name, database)))
    }

    /// What a name without a qualifier means.
    pub(super) fn meaning(&self, name: &Ident, database: Database) -> Meaning<'s> {
        let tables = self.relations.iter().filter_map(|relation| match relation.source {
            Source::Table(table) => Some((table, column(table, name, database)?)),
            _ => None,
        });
        let tables: Vec<_> = tables.collect();
        let elsewhere = self.relations.iter().filter(|r| r.source.may_have(name, database));
        let (mut certain, mut possible) = (0, 0);
        for relation in elsewhere {
            match relation.source {
                Source::Query(Some(_)) => certain += 1,
                _ => possible += 1,
            }
        }
        let is_merged = self.natural || self.merged.iter().any(|m| matches_name(name, m, database));
        let lasting = |(table, column): &(&'s Table, &'s str)| table.column(column).is_some();
        match tables.len() {
            0 if certain > 0 => Meaning::Nothing,
            0 => match self.row(name, database) {
                Some(table) => Meaning::Row(table),
                None => self.around(name, possible, database),
            },
            _ if is_merged => Meaning::Columns(tables),
            // A database refuses a name that means two columns, so one that is certainly there decides.
            1 if certain == 0 && (possible == 0 || tables.iter().all(lasting)) => {
                Meaning::Columns(tables)
            }
            _ => Meaning::Ambiguous(tables),
        }
    }

    fn row(&self, name: &Ident, database: Database) -> Option<&'s Table> {
        self.relations.iter().find_map(|relation| match relation.source {
            Source::Table(table)
                if relation.name.as_ref().is_some_and(|known| same(known, name, database)) =>
            {
                Some(table)
            }
            _ => None,
        })
    }

    /// What a name means that nothing here is known to have.
    fn around(&self, name: &Ident, possible: usize, database: Database) -> Meaning<'s> {
        let Some(outer) = self.outer else { return Meaning::Nothing };
        match outer.meaning(name, database) {
            Meaning::Columns(columns) if possible > 0 => Meaning::Ambiguous(columns),
            Meaning::Row(_) if possible > 0 => Meaning::Nothing,
            meaning => meaning,
        }
    }
}

impl Source<'_> {
    fn may_have(&self, name: &Ident, database: Database) -> bool {
        match self {
            Source::Table(_) | Source::Proposed => false,
            Source::Query(Some(columns)) => {
                columns.iter().any(|column| matches_name(name, column, database))
            }
            Source::Query(None) | Source::Unknown => true,
        }
    }

    /// The names of its columns, as far as they are known.
    pub(super) fn columns(&self) -> Option<Vec<String>> {
        match self {
            Source::Table(table) => {
                Some(table.columns.iter().map(|column| column.name.clone()).collect())
            }
            Source::Query(columns) => columns.clone(),
            Source::Proposed | Source::Unknown => None,
        }
    }
}

/// The column of a table that a name means: one that the code names, or one that it named once.
pub(super) fn column<'s>(table: &'s Table, name: &Ident, database: Database) -> Option<&'s str> {
    let here = table.columns.iter().map(|column| column.name.as_str());
    let gone = table.retired.iter().map(|retired| retired.name.as_str());
    here.chain(gone).find(|column| matches_name(name, column, database))
}

/// Whether a name in a text means this name of the schema. PostgreSQL reads a name without quotes in
/// small letters; SQLite does not tell letters' case apart.
pub(super) fn matches_name(name: &Ident, known: &str, database: Database) -> bool {
    match database {
        Database::Sqlite | Database::Mysql => name.value.eq_ignore_ascii_case(known),
        Database::Postgres if name.quote_style.is_some() => name.value == known,
        Database::Postgres => name.value.to_ascii_lowercase() == known,
    }
}

/// Whether two names in a text mean the same.
fn same(a: &Ident, b: &Ident, database: Database) -> bool {
    match database {
        Database::Postgres => folded(a) == folded(b),
        Database::Sqlite | Database::Mysql => a.value.eq_ignore_ascii_case(&b.value),
    }
}

/// The name as the database keeps it.
pub(super) fn folded(name: &Ident) -> String {
    match name.quote_style {
        Some(_) => name.value.clone(),
        None => name.value.to_ascii_lowercase(),
    }
}
