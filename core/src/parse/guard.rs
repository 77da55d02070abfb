//! What the database guards, and its indexes: `unique`, `check`, `references`, `index`.
//!
//! Each word takes what it guards (`subjects`), the state of its life where it has one, and options.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{LitStr, Token};

use super::Mistake;
use super::attr::{Item, Words, each, items, not_empty, text, wrong_shape};
use super::field::Read;
use super::word::{Place, Word, nearest};
use crate::ident;
use crate::lifecycle::State;
use crate::problem::{DUPLICATE, GRAMMAR, Problem};
use crate::schema::{Constraint, Guard, Index, IndexKey};
use crate::types::PerDatabase;

/// What a table's words guard, each with the token of its word.
#[derive(Default)]
pub(super) struct Guards {
    pub(super) constraints: Vec<(Constraint, Span)>,
    pub(super) indexes: Vec<(Index, Span)>,
}

/// The options that a word takes beside what it guards.
const OPTIONS: &[(&str, &[&str])] = &[
    ("unique", &["name"]),
    ("check", &["name"]),
    ("references", &["name", "on_delete"]),
    ("index", &["name", "where", "expr"]),
];

/// What can become of a row whose other row is deleted.
const ON_DELETE: &[&str] = &["cascade", "restrict", "set null", "no action"];

/// The states of a guard's life, as they are said inside its parentheses.
const LIFE: &[(&str, State)] = &[("adding", State::Adding), ("deprecated", State::Deprecated)];

/// Reads every guard of a struct and of its fields.
pub(super) fn read(
    table: &str,
    words: &Words,
    fields: &[Read],
    mistakes: &mut Vec<Mistake>,
) -> Guards {
    let mut reader = Reader { table, fields, found: Guards::default() };
    for (row, span, rest) in words.guards() {
        reader.read(row, span, rest, None).unwrap_or_else(|wrong| mistakes.extend(wrong));
    }
    for field in fields {
        for (row, span, rest) in field.words.guards() {
            reader
                .read(row, span, rest, Some(field))
                .unwrap_or_else(|wrong| mistakes.extend(wrong));
        }
    }
    mistakes.extend(reader.twice());
    reader.found
}

type Outcome<T> = Result<T, Vec<Mistake>>;

struct Reader<'a> {
    table: &'a str,
    fields: &'a [Read],
    found: Guards,
}

/// What stands in the parentheses of a word.
struct Said {
    subjects: Vec<Item>,
    state: State,
    name: Option<LitStr>,
    on_delete: Option<LitStr>,
    predicate: PerDatabase,
    expressions: Vec<PerDatabase>,
}

impl Reader<'_> {
    fn read(
        &mut self,
        row: &'static Word,
        span: Span,
        rest: TokenStream,
        field: Option<&Read>,
    ) -> Outcome<()> {
        let said = said(row, span, rest)?;
        match row.word {
            "unique" => {
                let columns = self.columns(row, span, &said, field)?;
                let name = self.name(&said, &columns, "_key")?;
                self.constraint(name, Guard::Unique { columns }, &said, span);
            }
            "check" => self.check(row, span, said, field)?,
            "references" => self.references(row, span, said, field)?,
            _ => self.index(row, span, said, field)?,
        }
        Ok(())
    }

    fn constraint(&mut self, name: String, guard: Guard, said: &Said, span: Span) {
        let constraint = Constraint { name, guard, state: said.state, born: String::new() };
        self.found.constraints.push((constraint, span));
    }

    /// The columns of a list; above a field, that field.
    fn columns(
        &self,
        row: &'static Word,
        span: Span,
        said: &Said,
        field: Option<&Read>,
    ) -> Outcome<Vec<String>> {
        if let Some(field) = field {
            return match said.subjects.is_empty() {
                true => Ok(vec![field.column.name.clone()]),
                false => Err(wrong(row, span)),
            };
        }
        let columns: Vec<_> = said
            .subjects
            .iter()
            .map(|item| column.parse2(item.whole.clone()).map_err(|_| wrong(row, span)))
            .collect::<Result<_, _>>()?;
        if columns.is_empty() {
            return Err(wrong(row, span));
        }
        columns.into_iter().map(|(name, at)| self.known(&name, at)).collect()
    }

    /// A column that has a field.
    fn known(&self, name: &str, span: Span) -> Outcome<String> {
        match self.fields.iter().find(|field| field.column.name == name) {
            Some(_) => Ok(name.to_owned()),
            None => Err(vec![Mistake::new(span, neither_column_nor_state(name, self.fields))]),
        }
    }

    fn check(
        &mut self,
        row: &'static Word,
        span: Span,
        mut said: Said,
        field: Option<&Read>,
    ) -> Outcome<()> {
        let subjects = std::mem::take(&mut said.subjects);
        if subjects.is_empty() {
            return Err(wrong(row, span));
        }
        if let Some(field) = field {
            let expression = field_expression(row, span, subjects)?;
            let name = self.name(&said, std::slice::from_ref(&field.column.name), "_check")?;
            self.constraint(name, Guard::Check { expression }, &said, span);
            return Ok(());
        }
        for Item { name, rest, .. } in subjects {
            let name = name.map_err(|_| wrong(row, span))?;
            let expression = each(row, span, rest)?;
            let unraw = name.unraw().to_string();
            ident::check(&unraw).map_err(|problem| vec![Mistake::new(name.span(), problem)])?;
            self.constraint(unraw, Guard::Check { expression }, &said, name.span());
        }
        Ok(())
    }

    fn references(
        &mut self,
        row: &'static Word,
        span: Span,
        mut said: Said,
        field: Option<&Read>,
    ) -> Outcome<()> {
        let field = field.ok_or_else(|| wrong(row, span))?;
        let [item] = &std::mem::take(&mut said.subjects)[..] else { return Err(wrong(row, span)) };
        let (table, target) = qualified.parse2(item.whole.clone()).map_err(|_| wrong(row, span))?;
        let on_delete = match &said.on_delete {
            None => String::new(),
            Some(text) => on_delete(text)?,
        };
        let column = field.column.name.clone();
        let name = self.name(&said, std::slice::from_ref(&column), "_fkey")?;
        self.constraint(name, Guard::References { column, table, target, on_delete }, &said, span);
        Ok(())
    }

    fn index(
        &mut self,
        row: &'static Word,
        span: Span,
        said: Said,
        field: Option<&Read>,
    ) -> Outcome<()> {
        if said.state != State::Active {
            let problem = GRAMMAR
                .problem(
                    "an index has no life: it guards nothing, so releases need not agree on it",
                )
                .help("delete the word; to drop the index, delete `index`");
            return Err(vec![Mistake::new(span, problem)]);
        }
        let mut keys = Vec::new();
        if let Some(field) = field {
            keys.push(self.key(row, span, &field.column.name, span, &said.subjects)?);
        } else {
            for item in &said.subjects {
                let mut tokens = item.whole.clone().into_iter();
                let first: TokenStream = tokens.next().into_iter().collect();
                let (name, at) = column.parse2(first).map_err(|_| wrong(row, span))?;
                let rest: TokenStream = tokens.collect();
                let order = items(rest);
                keys.push(self.key(row, span, &name, at, &order)?);
            }
            keys.extend(said.expressions.iter().cloned().map(IndexKey::Expression));
        }
        if keys.is_empty() {
            return Err(wrong(row, span));
        }
        let parts: Vec<_> = keys
            .iter()
            .map(|key| match key {
                IndexKey::Up(name) | IndexKey::Down(name) => name.clone(),
                IndexKey::Expression(_) => "expr".to_owned(),
            })
            .collect();
        let name = self.name(&said, &parts, "_idx")?;
        self.found.indexes.push((Index { name, keys, predicate: said.predicate }, span));
        Ok(())
    }

    /// A column of an index, and what stands behind its name: nothing, `asc` or `desc`.
    fn key(
        &self,
        row: &'static Word,
        span: Span,
        name: &str,
        at: Span,
        order: &[Item],
    ) -> Outcome<IndexKey> {
        let name = self.known(name, at)?;
        let word = match order {
            [] => return Ok(IndexKey::Up(name)),
            [Item { name: Ok(word), rest, .. }] if rest.is_empty() => word,
            _ => return Err(wrong(row, span)),
        };
        match word.to_string().as_str() {
            "asc" => Ok(IndexKey::Up(name)),
            "desc" => Ok(IndexKey::Down(name)),
            other => {
                let problem = GRAMMAR
                    .problem(format!("an index knows no order `{other}`"))
                    .help("write `desc` for downwards, and nothing for upwards");
                Err(vec![Mistake::new(word.span(), problem)])
            }
        }
    }

    /// The name that was said, or the one that PostgreSQL would give.
    fn name(&self, said: &Said, parts: &[String], suffix: &str) -> Outcome<String> {
        let Some(text) = &said.name else {
            return Ok(ident::shortened(&format!("{}_{}", self.table, parts.join("_")), suffix));
        };
        ident::check(&text.value()).map_err(|problem| vec![Mistake::new(text.span(), problem)])?;
        Ok(text.value())
    }

    /// A name stands for one thing of a table.
    fn twice(&self) -> Vec<Mistake> {
        let constraints = self.found.constraints.iter().map(|(one, span)| (&one.name, *span));
        let indexes = self.found.indexes.iter().map(|(one, span)| (&one.name, *span));
        let names: Vec<_> = constraints.chain(indexes).collect();
        let again = |(index, (name, span)): (usize, &(&String, Span))| {
            let earlier = names[..index].iter().any(|(other, _)| other == name);
            let problem = DUPLICATE
                .problem(format!("two guards or indexes have the name `{name}`"))
                .help("delete one, or name it: `name = \"…\"` in its parentheses");
            earlier.then(|| Mistake::new(*span, problem))
        };
        names.iter().enumerate().filter_map(again).collect()
    }
}

/// Sorts what stands behind a word: subjects, state, options.
fn said(row: &'static Word, span: Span, rest: TokenStream) -> Outcome<Said> {
    let mut said = Said {
        subjects: Vec::new(),
        state: State::Active,
        name: None,
        on_delete: None,
        predicate: PerDatabase::Nowhere,
        expressions: Vec::new(),
    };
    let Some(list) = list(row, span, rest)? else { return Ok(said) };
    let mut mistakes = Vec::new();
    for item in list {
        if let Err(wrong) = said.sort(row, span, item) {
            mistakes.extend(wrong);
        }
    }
    if mistakes.is_empty() { Ok(said) } else { Err(mistakes) }
}

/// The items in the parentheses; `= "…"` counts as the one item of a `check` above a field.
fn list(row: &'static Word, span: Span, rest: TokenStream) -> Outcome<Option<Vec<Item>>> {
    let mut tokens = rest.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (None, _) => Ok(None),
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Parenthesis => {
            Ok(Some(items(group.stream())))
        }
        (Some(TokenTree::Punct(equals)), Some(TokenTree::Literal(_)))
            if equals.as_char() == '=' && (row.word, row.place) == ("check", Place::Field) =>
        {
            Ok(Some(items(rest.into_iter().skip(1).collect())))
        }
        _ => Err(wrong(row, span)),
    }
}

impl Said {
    fn sort(&mut self, row: &'static Word, span: Span, item: Item) -> Outcome<()> {
        let word = item.name.as_ref().map(Ident::to_string).unwrap_or_default();
        if let (Some((_, state)), true) =
            (LIFE.iter().find(|(name, _)| *name == word), item.rest.is_empty())
        {
            self.state = *state;
            return Ok(());
        }
        let (_, options) =
            OPTIONS.iter().find(|(name, _)| *name == row.word).expect("every guard has a row");
        let names_a_check = (row.word, row.place) == ("check", Place::Struct);
        if names_a_check || !options.contains(&word.as_str()) || !has_value(&item) {
            self.subjects.push(item);
            return Ok(());
        }
        let literal = || text.parse2(item.rest.clone()).map_err(|_| wrong(row, span));
        match word.as_str() {
            "name" => self.name = Some(literal()?),
            "on_delete" => self.on_delete = Some(literal()?),
            "where" => self.predicate = each(row, span, item.rest)?,
            _ => self.expressions.push(each(row, span, item.rest)?),
        }
        Ok(())
    }
}

/// Whether a word is followed by a value, as an option is and a column is not.
fn has_value(item: &Item) -> bool {
    match item.rest.clone().into_iter().next() {
        Some(TokenTree::Punct(punct)) => punct.as_char() == '=',
        Some(TokenTree::Group(_)) => true,
        _ => false,
    }
}

/// `"expr"`, or `postgres = "expr", sqlite = "expr"`.
fn field_expression(row: &'static Word, span: Span, subjects: Vec<Item>) -> Outcome<PerDatabase> {
    if let [item] = &subjects[..]
        && let Ok(text) = syn::parse2::<LitStr>(item.whole.clone())
    {
        not_empty(row, &text).map_err(|mistake| vec![mistake])?;
        return Ok(PerDatabase::Everywhere(text.value()));
    }
    let mut tokens = TokenStream::new();
    for item in subjects {
        tokens.extend(item.whole);
        tokens
            .extend([TokenTree::Punct(proc_macro2::Punct::new(',', proc_macro2::Spacing::Alone))]);
    }
    let group = proc_macro2::Group::new(Delimiter::Parenthesis, tokens);
    each(row, span, TokenStream::from(TokenTree::Group(group)))
}

fn on_delete(text: &LitStr) -> Outcome<String> {
    let said = text.value().to_lowercase();
    if ON_DELETE.contains(&said.as_str()) {
        return Ok(said);
    }
    let known: Vec<_> = ON_DELETE.iter().map(|word| format!("`\"{word}\"`")).collect();
    let problem = GRAMMAR
        .problem(format!("`{}` is nothing that a database does on a delete", text.value()))
        .help(format!("write one of {}", known.join(", ")));
    Err(vec![Mistake::new(text.span(), problem)])
}

/// A name, or a text with a name that is no Rust identifier.
fn column(input: ParseStream<'_>) -> syn::Result<(String, Span)> {
    match input.parse::<LitStr>() {
        Ok(text) => Ok((text.value(), text.span())),
        Err(_) => Ident::parse_any(input).map(|name| (name.unraw().to_string(), name.span())),
    }
}

/// `table.column`.
fn qualified(input: ParseStream<'_>) -> syn::Result<(String, String)> {
    let (table, _) = column(input)?;
    input.parse::<Token![.]>()?;
    let (target, _) = column(input)?;
    Ok((table, target))
}

fn wrong(row: &'static Word, span: Span) -> Vec<Mistake> {
    vec![Mistake::new(span, wrong_shape(row))]
}

/// In a list of columns the last may be a state.
fn neither_column_nor_state(name: &str, fields: &[Read]) -> Problem {
    match nearest(name, LIFE.iter().map(|(word, _)| *word)) {
        Some(state) => GRAMMAR
            .problem(format!("`{name}` is neither a column nor a state; did you mean `{state}`?"))
            .help("a guard that is new is `adding`, one that is to go is `deprecated`"),
        None => no_column(name, fields),
    }
}

/// No field has a column of this name.
pub(super) fn no_column(name: &str, fields: &[Read]) -> Problem {
    let absent = format!("there is no column `{name}`");
    if let Some(field) = fields.iter().find(|field| field.member == name) {
        let column = &field.column.name;
        return GRAMMAR
            .problem(absent)
            .help(format!("the field `{name}` is the column `{column}`: write that name"));
    }
    let columns = || fields.iter().map(|field| field.column.name.as_str());
    let meant = nearest(name, columns()).map(|meant| format!("; did you mean `{meant}`?"));
    let names: Vec<_> = columns().map(|column| format!("`{column}`")).collect();
    GRAMMAR
        .problem(absent + &meant.unwrap_or_default())
        .help(format!("the columns are {}", names.join(", ")))
}
