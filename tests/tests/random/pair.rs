//! A pair of schemas and the releases between them, by chance.

use colmig_core::ident::quote;
use colmig_core::lifecycle::Nullability;
use colmig_core::schema::{Column, Constraint, Guard, Index, IndexKey, Table};
use colmig_core::types::{ColumnType, PerDatabase};

use crate::chance::Chance;
use crate::lives::{Form, Life, Place, any_column, live, two_texts};
use crate::values::over;

/// The tables with what becomes of them: release 0 is the source, the last one the target.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) stories: Vec<Story>,
}

/// One table over the releases.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) name: String,
    /// The columns of its key, which stay.
    pub(crate) key: Vec<Column>,
    /// The release that it comes with.
    pub(crate) created: usize,
    pub(crate) lives: Vec<Life>,
}

/// Names of tables and columns: reserved words, quotes, blanks, letters of other alphabets.
const NAMES: &[&str] = &[
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "order",
    "select",
    "Group",
    "user",
    "table",
    "check",
    "default",
    "limit",
    "all",
    "end",
    "a b",
    "quo\"te",
    "it's",
    "naïve",
    "Ünï",
    "ЖЖ",
    "semi;colon",
    "per%cent",
    "back\\slash",
    "x-y",
    "rowid",
    "oid",
    "value",
    "key",
    "type",
    "row",
    "n",
    "s",
    "old",
    "excluded",
    "$1",
    "a.b",
    "?",
];

impl Pair {
    pub(crate) fn new(chance: &mut Chance) -> Pair {
        let mut tables: Vec<String> =
            ["users", "order", "Größe \"x\"", "a b"].map(str::to_owned).into();
        chance.shuffle(&mut tables);
        let mut stories: Vec<Story> = Vec::new();
        for (number, name) in tables.into_iter().take(*chance.of(&[1, 1, 1, 1, 2, 3])).enumerate() {
            let story = Story::new(chance, name, number, &stories);
            stories.push(story);
        }
        Pair { stories }
    }

    /// How many releases follow the source.
    pub(crate) fn last(&self) -> usize {
        let ends = self
            .stories
            .iter()
            .map(|story| story.lives.iter().map(Life::end).fold(story.created, usize::max));
        ends.fold(0, usize::max)
    }

    /// The tables that a release declares.
    pub(crate) fn release(&self, number: usize) -> Vec<Table> {
        let there = self.stories.iter().filter(|story| story.created <= number);
        there.map(|story| story.table(number)).collect()
    }

    /// Whether a column goes through one change after another: see the list in [`crate::lives`].
    pub(crate) fn is_chained(&self) -> bool {
        self.stories.iter().flat_map(|story| &story.lives).any(|life| life.kinds.len() > 1)
    }

    /// Pairs with a little less in them.
    pub(crate) fn smaller(&self) -> Vec<Pair> {
        let mut all = Vec::new();
        for table in 0..self.stories.len() {
            let mut less = self.clone();
            less.stories.remove(table);
            all.push(less);
            for life in 0..self.stories[table].lives.len() {
                let mut less = self.clone();
                less.stories[table].lives.remove(life);
                all.push(less);
            }
            for life in 0..self.stories[table].lives.len() {
                if self.stories[table].lives[life].begins > self.stories[table].created {
                    let mut less = self.clone();
                    less.stories[table].lives[life].begins -= 1;
                    all.push(less);
                }
            }
        }
        all.retain(|pair| !pair.stories.is_empty());
        all
    }
}

impl Story {
    fn new(chance: &mut Chance, name: String, number: usize, others: &[Story]) -> Story {
        let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        chance.shuffle(&mut names);
        let key = key(chance, &mut names);
        let created = if number > 0 && chance.one_in(4) { 1 + chance.below(2) } else { 0 };
        let counted = key.iter().find(|column| column.ty != known("uuid"));
        let key_text = counted.map(|column| over(&column.name, "CAST({} AS text)"));
        let mut place = Place { chance, names: &mut names, key_text };
        let mut lives = Vec::new();
        for _ in 0..1 + place.chance.below(2) {
            let begins = created + place.chance.below(3);
            lives.push(any_life(&mut place, begins));
        }
        let mut story = Story { name, key, created, lives };
        story.guard(&mut place, number, others);
        story
    }

    /// Constraints, indexes and generated columns, over columns that stay: they are there from the beginning.
    fn guard(&mut self, place: &mut Place<'_>, number: usize, others: &[Story]) {
        let mut count = 0;
        let mut name = |what: &str| {
            count += 1;
            format!("t{number}_{count}_{what}")
        };
        let still = self.lives.iter().filter(|life| life.forms.len() == 1);
        let still: Vec<Column> = still.flat_map(|life| life.lasting().cloned()).collect();
        let lasting: Vec<Column> = self.lives.iter().flat_map(Life::lasting).cloned().collect();
        let mut forms = Vec::new();
        for column in &still {
            if place.chance.one_in(4) && column.ty != known("bool") {
                let columns = vec![column.name.clone()];
                forms.push(constraint(name("key"), Guard::Unique { columns }));
            }
            let counts = ["int4", "int8"].iter().any(|word| column.ty == known(word));
            if place.chance.one_in(4) && counts && !column.optional() {
                let generated = PerDatabase::Everywhere(over(&column.name, "{} + 1"));
                let made = place.names.pop().expect("there are names enough");
                let made = Column { generated, ..Column::new(made, column.ty.clone()) };
                forms.push(Form { columns: vec![made], ..Form::default() });
            }
        }
        for column in &lasting {
            if place.chance.one_in(4) {
                let text = match column.ty == known("text") {
                    true => over(&column.name, "{} <> 'forbidden'"),
                    false => over(&column.name, "{} IS NULL OR {} = {}"),
                };
                let expression = PerDatabase::Everywhere(text);
                forms.push(constraint(name("check"), Guard::Check { expression }));
            }
            if place.chance.one_in(4) {
                forms.push(index(place.chance, name("idx"), column, &self.key));
            }
        }
        if let [first, second, ..] = still.as_slice()
            && place.chance.one_in(3)
            && first.ty != known("bool")
        {
            let columns = vec![second.name.clone(), first.name.clone()];
            forms.push(constraint(name("pair"), Guard::Unique { columns }));
        }
        if place.chance.one_in(2) {
            let this = (self.name.as_str(), self.key.as_slice());
            let before = others.iter().filter(|other| other.created <= self.created);
            let before = before.map(|other| (other.name.as_str(), other.key.as_slice()));
            let parents: Vec<_> = before.chain([this]).filter(|(_, key)| key.len() == 1).collect();
            if !parents.is_empty() {
                let (table, key) = *place.chance.of(&parents);
                let is_own = table == self.name;
                let column = place.names.pop().expect("there are names enough");
                forms.push(reference(place.chance, name("fkey"), column, table, &key[0], is_own));
            }
        }
        self.lives.extend(forms.into_iter().map(still_life));
        place.chance.shuffle(&mut self.lives);
    }

    pub(crate) fn table(&self, release: usize) -> Table {
        let mut table = Table::new(self.name.clone());
        table.primary_key = self.key.iter().map(|column| column.name.clone()).collect();
        table.columns = self.key.clone();
        for form in self.lives.iter().map(|life| life.form(release)) {
            table.columns.extend(form.columns.iter().cloned());
            table.constraints.extend(form.constraints.iter().cloned());
            table.indexes.extend(form.indexes.iter().cloned());
        }
        table
    }
}

fn known(word: &str) -> ColumnType {
    ColumnType::Known(word.into())
}

/// A counting key mostly; or one that the application gives, or one of two columns.
fn key(chance: &mut Chance, names: &mut Vec<String>) -> Vec<Column> {
    let mut column =
        |word: &str| Column::new(names.pop().expect("there are names enough"), known(word));
    match chance.below(8) {
        0 => vec![column("uuid")],
        1 => vec![column("text")],
        2 => vec![column("int4"), column("text")],
        3 => vec![column("uuid"), column("int8")],
        _ => vec![Column { auto: true, ..column("int8") }],
    }
}

fn any_life(place: &mut Place<'_>, begins: usize) -> Life {
    let columns = match place.chance.below(8) {
        0 | 1 => return still_life(Form { columns: vec![any_column(place)], ..Form::default() }),
        2 | 3 => Vec::new(),
        4 => two_texts(place),
        _ => vec![any_column(place)],
    };
    live(place, Form { columns, ..Form::default() }, begins)
}

/// What stays as it is.
fn still_life(form: Form) -> Life {
    let own = |column: &Column| (column.name.clone(), PerDatabase::Everywhere(quote(&column.name)));
    let ends: Vec<_> = form.columns.iter().map(own).collect();
    Life { kinds: Vec::new(), begins: 0, forms: vec![form], undone: ends.clone(), ends }
}

fn constraint(name: String, guard: Guard) -> Form {
    let state = colmig_core::lifecycle::State::Active;
    let constraint = Constraint { name, guard, state, born: String::new() };
    Form { constraints: vec![constraint], ..Form::default() }
}

fn index(chance: &mut Chance, name: String, column: &Column, key: &[Column]) -> Form {
    let mut keys = vec![match chance.below(3) {
        0 => IndexKey::Up(column.name.clone()),
        1 => IndexKey::Down(column.name.clone()),
        _ => IndexKey::Expression(PerDatabase::Everywhere(over(&column.name, "{} IS NULL"))),
    }];
    if chance.one_in(2) {
        keys.push(IndexKey::Up(key[0].name.clone()));
    }
    let predicate = match chance.one_in(3) {
        true => PerDatabase::Everywhere(over(&column.name, "{} IS NOT NULL")),
        false => PerDatabase::Nowhere,
    };
    Form { indexes: vec![Index { name, keys, predicate }], ..Form::default() }
}

/// A column whose value another table has, or another row of its own: then it may be NULL, for the first row.
fn reference(
    chance: &mut Chance,
    name: String,
    column: String,
    table: &str,
    target: &Column,
    is_own: bool,
) -> Form {
    let is_optional = is_own || chance.one_in(3);
    let nullability = if is_optional { Nullability::Loose } else { Nullability::Relies };
    let rules = ["", "cascade", "no action", "restrict"];
    // See the list in `lives`: undoing the creation of a table that restricts itself.
    let on_delete = *chance.of(&rules[..if is_own { 3 } else { 4 }]);
    let guard = Guard::References {
        column: column.clone(),
        table: table.to_owned(),
        target: target.name.clone(),
        on_delete: on_delete.to_owned(),
    };
    let column = Column { nullability, ..Column::new(column, target.ty.clone()) };
    Form { columns: vec![column], ..constraint(name, guard) }
}
