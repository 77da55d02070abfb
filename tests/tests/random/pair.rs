//! A pair of schemas and the releases between them, by chance.

use colmig_core::lifecycle::Nullability;
use colmig_core::schema::{Column, Guard, Table};
use colmig_core::types::{ColumnType, Database};

use crate::chance::Chance;
use crate::lives::{
    Around, BY_TRIGGER, COLUMNS, Form, GUARDS, Life, Parent, Place, REFERENCES, TABLES, any_column,
    check, constraint, generated, guarded, index, is_distinct, live, of_index, reference,
    two_texts, unique,
};
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
    /// The release that it is not part of any more, if it goes.
    pub(crate) retired: Option<usize>,
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
    pub(crate) fn new(chance: &mut Chance, has_triggers: bool) -> Pair {
        let mut tables: Vec<String> =
            ["users", "order", "Größe \"x\"", "a b"].map(str::to_owned).into();
        chance.shuffle(&mut tables);
        let mut stories: Vec<Story> = Vec::new();
        for (number, name) in tables.into_iter().take(*chance.of(&[1, 1, 1, 1, 2, 3])).enumerate() {
            let story = Story::new(chance, name, number, &stories, has_triggers);
            stories.push(story);
        }
        for number in 0..stories.len() {
            let name = &stories[number].name;
            let is_needed =
                stories.iter().any(|story| story.name != *name && story.references(name));
            if stories.len() > 1 && !is_needed && chance.one_in(4) {
                // See the list in `lives`: not in the middle of a change.
                stories[number].retired = Some(stories[number].end() + 1 + chance.below(2));
                break;
            }
        }
        Pair { stories }
    }

    /// How many releases follow the source.
    pub(crate) fn last(&self) -> usize {
        let ends = self.stories.iter().map(|story| story.retired.unwrap_or_else(|| story.end()));
        ends.fold(0, usize::max)
    }

    /// The tables that a release declares.
    pub(crate) fn release(&self, number: usize) -> Vec<Table> {
        let there = self.stories.iter().filter(|story| story.is_there(number));
        there.map(|story| story.table(number)).collect()
    }

    /// Whether something goes through one change after another: see the list in [`crate::lives`].
    pub(crate) fn is_chained(&self) -> bool {
        self.stories.iter().flat_map(|story| &story.lives).any(|life| life.kinds.len() > 1)
    }

    /// The kinds of change that it goes through.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        let [create, retire] = TABLES;
        self.stories.iter().flat_map(move |story| {
            let created = (story.created > 0).then_some(create);
            let retired = story.retired.map(|_| retire);
            let kinds = story.lives.iter().flat_map(|life| life.kinds.iter().copied());
            created.into_iter().chain(retired).chain(kinds)
        })
    }

    /// What a database can do of it.
    pub(crate) fn on(&self, db: Database) -> Pair {
        let mut pair = self.clone();
        for story in &mut pair.stories {
            story.lives.retain(|life| life.runs_on(db));
        }
        pair
    }

    /// Pairs with a little less in them.
    pub(crate) fn smaller(&self) -> Vec<Pair> {
        let mut all = Vec::new();
        for table in 0..self.stories.len() {
            let mut less = self.clone();
            let gone = less.stories.remove(table);
            for story in &mut less.stories {
                story.lives.retain(|life| !life.references(&gone.name));
            }
            all.push(less);
            if self.stories[table].retired.is_some() {
                let mut less = self.clone();
                less.stories[table].retired = None;
                all.push(less);
            }
            for life in 0..self.stories[table].lives.len() {
                let mut less = self.clone();
                let gone = less.stories[table].lives.remove(life);
                less.stories[table].lives.retain(|other| !other.needs(&gone));
                all.push(less);
            }
            for (at, life) in self.stories[table].lives.iter().enumerate() {
                let created = self.stories[table].created;
                all.extend(life.smaller(created).into_iter().map(|life| {
                    let mut less = self.clone();
                    less.stories[table].lives[at] = life;
                    less
                }));
            }
        }
        all.retain(|pair| !pair.stories.is_empty());
        all
    }
}

impl Story {
    fn new(
        chance: &mut Chance,
        name: String,
        number: usize,
        others: &[Story],
        has_triggers: bool,
    ) -> Story {
        let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        chance.shuffle(&mut names);
        let key = key(chance, &mut names);
        let created = if number > 0 && chance.one_in(4) { 1 + chance.below(2) } else { 0 };
        let counted = key.iter().find(|column| column.ty != known("uuid"));
        let key_text = counted.map(|column| over(&column.name, "CAST({} AS text)"));
        let mut story = Story { name, key: key.clone(), created, retired: None, lives: Vec::new() };
        let parent = story.parent(&mut *chance, others);
        let (names, number) = (&mut names, (number, 0));
        let uniques = Vec::new();
        let mut place =
            Place { chance, names, key: &key, key_text, number, has_triggers, uniques, parent };
        for _ in 0..1 + usize::from(place.chance.one_in(4)) {
            story.lives.push(any_life(&mut place, created));
        }
        story.guard(&mut place);
        story
    }

    /// A table that a column may reference.
    fn parent(&self, chance: &mut Chance, others: &[Story]) -> Option<Parent> {
        let before = others.iter().filter(|other| other.created <= self.created);
        let one = |story: &Story| match story.key.as_slice() {
            [target] => {
                let (table, target) = (story.name.clone(), target.clone());
                Some(Parent { is_own: table == self.name, table, target })
            }
            _ => None,
        };
        let parents: Vec<_> = before.chain([self]).filter_map(one).collect();
        chance.any(&parents).cloned()
    }

    /// Constraints, indexes and generated columns over columns that stay. Some are there from the beginning to the
    /// end, others come or go.
    fn guard(&mut self, place: &mut Place<'_>) {
        let still = self.lives.iter().filter(|life| life.forms.len() == 1);
        let still: Vec<Column> = still.flat_map(|life| life.lasting().cloned()).collect();
        let lasting: Vec<Column> = self.lives.iter().flat_map(Life::lasting).cloned().collect();
        let distinct: Vec<Column> = still.iter().filter(|one| is_distinct(one)).cloned().collect();
        let mut guards = Vec::new();
        for column in &distinct {
            if place.chance.one_in(4)
                && let Some(one) = unique(place, column)
            {
                guards.push(over_columns(&[column], guarded(Vec::new(), one)));
            }
        }
        for column in &still {
            if place.chance.one_in(4)
                && let Some(made) = generated(place, column)
            {
                let form = Form { columns: vec![made], ..Form::default() };
                self.lives.push(over_columns(&[column], form));
            }
        }
        for column in &lasting {
            if place.chance.one_in(4) {
                let one = check(place, column);
                guards.push(over_columns(&[column], guarded(Vec::new(), one)));
            }
            if place.chance.one_in(4) {
                let one = index(place, &[column]);
                guards.push(over_columns(&[column], of_index(one)));
            }
        }
        if let [first, second, ..] = still.as_slice()
            && place.chance.one_in(3)
            && is_distinct(first)
        {
            let columns = vec![second.name.clone(), first.name.clone()];
            let one = constraint(place.guard_name("pair"), Guard::Unique { columns });
            guards.push(over_columns(&[first, second], guarded(Vec::new(), one)));
        }
        if !lasting.is_empty() && place.chance.one_in(6) {
            guards.push(Life::still(Form::default()));
        }
        let around = Around { lasting, distinct };
        for life in guards {
            let moves = life.over.is_empty() || place.chance.one_in(4);
            self.lives.push(match moves {
                true => live(place, life, self.created, around.clone(), GUARDS),
                false => life,
            });
        }
        if place.parent.is_some() && place.chance.one_in(4) {
            let life = referencing(place, self.created);
            self.lives.push(life);
        }
        place.chance.shuffle(&mut self.lives);
    }

    fn is_there(&self, release: usize) -> bool {
        self.created <= release && self.retired.is_none_or(|retired| release < retired)
    }

    /// The release behind which nothing changes in it.
    fn end(&self) -> usize {
        self.lives.iter().map(Life::end).fold(self.created, usize::max)
    }

    fn references(&self, name: &str) -> bool {
        self.lives.iter().any(|life| life.references(name))
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

fn any_life(place: &mut Place<'_>, created: usize) -> Life {
    let form = match place.chance.below(9) {
        0 | 1 => {
            return Life::still(Form { columns: vec![any_column(place)], ..Form::default() });
        }
        2..=4 => Form::default(),
        5 => Form { columns: two_texts(place), ..Form::default() },
        _ => {
            let column = any_column(place);
            match place.chance.below(8) {
                0 if column.ty != known("bool") => {
                    let one = unique(place, &column);
                    guarded(vec![column], one.expect("nothing guards it yet"))
                }
                1 => guarded(vec![column.clone()], check(place, &column)),
                2 | 3 => {
                    let one = index(place, &[&column]);
                    Form { columns: vec![column], ..of_index(one) }
                }
                4 => {
                    let made = generated(place, &column);
                    let columns = [column].into_iter().chain(made).collect();
                    Form { columns, ..Form::default() }
                }
                _ => Form { columns: vec![column], ..Form::default() },
            }
        }
    };
    let kinds = match place.has_triggers && !form.columns.is_empty() && place.chance.one_in(2) {
        true => BY_TRIGGER,
        false => COLUMNS,
    };
    live(place, Life::still(form), created, Around::default(), kinds)
}

/// What speaks of columns of other lives.
fn over_columns(columns: &[&Column], form: Form) -> Life {
    let over = columns.iter().map(|column| column.name.clone()).collect();
    Life { over, ..Life::still(form) }
}

/// A column whose value another table has, or another row of its own: then it may be NULL, for the first row.
fn referencing(place: &mut Place<'_>, created: usize) -> Life {
    let parent = place.parent.clone().expect("there is a table to reference");
    let is_optional = parent.is_own || place.chance.one_in(3);
    let nullability = if is_optional { Nullability::Loose } else { Nullability::Relies };
    let column = Column { nullability, ..Column::new(place.name(), parent.target.ty) };
    let columns = vec![column.clone()];
    let with = match place.chance.below(4) {
        0 => None,
        _ => reference(place, &column),
    };
    let moves = with.is_none() || place.chance.one_in(3);
    let form = match with {
        Some(one) => guarded(columns, one),
        None => Form { columns, ..Form::default() },
    };
    let life = Life::still(form);
    match moves {
        true => live(place, life, created, Around::default(), REFERENCES),
        false => life,
    }
}
