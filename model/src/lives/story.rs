//! A story: a table, the builds that are released over time, and the changes that they cause.
//!
//! Stories are written as text and parsed once; what they say of builds and changes is in the words of
//! `core`.

use colmig_core::lifecycle::{Access, Stand};
use colmig_core::protocol::{ChangeFacts, ChangeKind};

use crate::change::{Level, Value};

/// A column, with the migration that created it: two columns of one name are two properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property {
    /// The column's place in the table.
    pub column: usize,
    /// Its birth.
    pub born: u8,
}

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A change of one column.
    Core(ChangeKind),
    /// A replacement of one column by another.
    Replace(ChangeKind),
}

impl Kind {
    /// A kind of change of `core`.
    pub fn of(kind: ChangeKind) -> Kind {
        if kind.replaces() { Kind::Replace(kind) } else { Kind::Core(kind) }
    }

    /// Its row in `core`.
    pub fn facts(self) -> &'static ChangeFacts {
        match self {
            Kind::Core(kind) | Kind::Replace(kind) => kind.facts(),
        }
    }

    /// Whether it is a replacement.
    pub fn replaces(self) -> bool {
        matches!(self, Kind::Replace(_))
    }
}

/// One change.
#[derive(Clone, Debug)]
pub struct Change {
    /// What it does.
    pub kind: Kind,
    /// Its property; of a replacement the old one and the new one.
    pub properties: Vec<Property>,
    /// The first build whose checkout has it.
    pub since: usize,
    /// The first build whose checkout gives it up.
    pub abandoned: Option<usize>,
    /// Undo knows what to write into rows without a value.
    pub reverse: bool,
    /// What it adds may be NULL, and has a constant default all the same.
    pub default: bool,
}

impl Change {
    /// The property that goes.
    pub fn goes(&self) -> Property {
        self.properties[0]
    }

    /// The property that comes; the same one, but for a replacement.
    pub fn comes(&self) -> Property {
        self.properties[self.properties.len() - 1]
    }
}

/// A struct of a build.
#[derive(Clone, Debug)]
pub struct Struct {
    /// How it uses the table.
    pub access: Access,
    /// What it does with the columns that it names.
    pub stands: Vec<(Property, Stand)>,
}

/// A build.
#[derive(Clone, Debug)]
pub struct Build {
    /// `R1`, a release of the project that owns the table; `S1`, another project.
    pub name: String,
    /// Its structs over the table.
    pub structs: Vec<Struct>,
}

impl Build {
    /// Whether the project owns the table.
    pub fn is_release(&self) -> bool {
        self.name.starts_with('R')
    }
}

/// A column at the beginning.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its birth.
    pub born: u8,
    /// What the database guarantees of it.
    pub level: Level,
    /// What the one row has.
    pub value: Value,
}

/// A story, as it is written down.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// Its letter.
    pub id: &'static str,
    /// What it tells.
    pub name: &'static str,
    /// The columns at the beginning: `n#0=required:1 h#1=missing`.
    pub columns: &'static str,
    /// The builds: `R1 writer; R2 writer,h#1=adding partial; S1 reader`.
    pub builds: &'static str,
    /// The changes: `AddRequired h#1 R2`, then `reverse`, `default`, `abandoned=R3`.
    pub changes: &'static [&'static str],
    /// The releases that are deployed, if not all.
    pub deployed: &'static str,
    /// Builds that run from the beginning and never stop.
    pub resident: &'static str,
    /// R1 never registers.
    pub stranger: bool,
}

/// A story.
#[derive(Clone, Debug)]
pub struct Story {
    /// The table at the beginning.
    pub columns: Vec<Column>,
    /// The builds, older ones first.
    pub builds: Vec<Build>,
    /// The changes, older ones first.
    pub changes: Vec<Change>,
    /// The releases that are deployed.
    pub deployed: Vec<usize>,
    /// Builds that run from the beginning and never stop.
    pub resident: Vec<usize>,
    /// R1 never registers.
    pub stranger: bool,
}

impl Story {
    /// What the text says.
    pub fn parse(text: &Text) -> Story {
        Story::with_build(text, "")
    }

    /// The same with one build more.
    pub fn with_build(text: &Text, build: &str) -> Story {
        let columns: Vec<_> = text.columns.split_whitespace().map(column).collect();
        let property = |word: &str| {
            let (name, born) = word.split_once('#').expect("a birth follows the name");
            let place = columns.iter().position(|column| column.name == name);
            Property { column: place.expect("the column is known"), born: number(born) }
        };
        let texts = text.builds.split(';').chain((!build.is_empty()).then_some(build));
        let builds: Vec<_> = texts.map(|text| parse_build(text, &property)).collect();
        let place = |name: &str| {
            builds.iter().position(|build| build.name == name).expect("the build is known")
        };
        let all: Vec<_> = (0..builds.len()).filter(|b| builds[*b].is_release()).collect();
        let deployed: Vec<_> = text.deployed.split_whitespace().map(place).collect();
        let changes = text.changes.iter().map(|text| parse_change(text, &property, &place));
        Story {
            changes: changes.collect(),
            deployed: if deployed.is_empty() { all } else { deployed },
            resident: text.resident.split_whitespace().map(place).collect(),
            stranger: text.stranger,
            columns,
            builds,
        }
    }
}

fn number(text: &str) -> u8 {
    text.parse().expect("a number")
}

fn column(text: &str) -> Column {
    let (property, level) = text.split_once('=').expect("a level follows the property");
    let (name, born) = property.split_once('#').expect("a birth follows the name");
    let (level, value) = level.split_once(':').unwrap_or((level, ""));
    let level = match level {
        "missing" => Level::Missing,
        "nullable" => Level::Nullable,
        "required" => Level::Required,
        "default" => Level::Default,
        "nullable-default" => Level::NullableDefault,
        other => panic!("`{other}` is no level"),
    };
    let value = (!value.is_empty()).then(|| number(value));
    Column { name: name.to_owned(), born: number(born), level, value }
}

fn parse_build(text: &str, property: &impl Fn(&str) -> Property) -> Build {
    let mut words = text.split_whitespace();
    let name = words.next().expect("a name").to_owned();
    let structs = words.map(|word| {
        let mut parts = word.split(',');
        let access = match parts.next() {
            Some("writer") => Access::Writer,
            Some("partial") => Access::Partial,
            Some("reader") => Access::ReadOnly,
            other => panic!("`{other:?}` is no access"),
        };
        let stands = parts.map(|part| {
            let (name, stand) = part.split_once('=').expect("a stand follows the property");
            (property(name), stand.parse().expect("a stand"))
        });
        Struct { access, stands: stands.collect() }
    });
    Build { name, structs: structs.collect() }
}

fn parse_change(
    text: &str,
    property: &impl Fn(&str) -> Property,
    place: &impl Fn(&str) -> usize,
) -> Change {
    let mut words = text.split_whitespace();
    let mut word = || words.next().expect("kind, properties and build");
    let kind = Kind::of(kind(word()));
    let properties = word().split(',').map(property).collect();
    let since = place(word());
    let rest: Vec<_> = words.collect();
    let abandoned = rest.iter().find_map(|word| word.strip_prefix("abandoned="));
    let says = |word| rest.contains(&word);
    let (reverse, default) = (says("reverse"), says("default"));
    Change { kind, properties, since, abandoned: abandoned.map(place), reverse, default }
}

fn kind(name: &str) -> ChangeKind {
    let kinds = colmig_core::protocol::CHANGES.iter().map(|facts| facts.kind);
    let named = kinds.into_iter().find(|kind| format!("{kind:?}") == name);
    named.expect("a kind that core knows")
}
