//! Reading `#[colmig(…)]`: which words are said, each with its value and its token.
//!
//! A list is cut at its commas before anything is parsed, so that a mistake in one word hides no other.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, LitStr, Meta, Path, Token};

use super::Mistake;
use super::word::{self, Form, Place, Word};
use crate::problem::{GRAMMAR, NOT_SUPPORTED, Problem};
use crate::types::{Database, PerDatabase};

/// What was said after a word.
pub(super) enum Value {
    /// Nothing.
    Flag,
    /// A text.
    Text(LitStr),
    /// A text, perhaps by database.
    Each(PerDatabase),
    /// Names with their tokens.
    Names(Vec<(String, Span)>),
    /// A path.
    Path(Path),
    /// The tokens after a word that `constraint` reads.
    Guard(TokenStream),
    /// Something wrong, which has been reported: later checks take the word as said and its value as
    /// unknown, so that one mistake stays one.
    Broken,
}

/// One word that was said.
struct Said {
    row: &'static Word,
    span: Span,
    value: Value,
}

/// The words above one struct or field.
#[derive(Default)]
pub(super) struct Words {
    said: Vec<Said>,
    /// Whether something was said that is no word; it may have been meant as any.
    unread: bool,
}

impl Words {
    /// Reads every `#[colmig(…)]` among the attributes.
    pub(super) fn read(attrs: &[Attribute], place: Place, mistakes: &mut Vec<Mistake>) -> Words {
        let mut words = Words::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("colmig")) {
            let Meta::List(list) = &attr.meta else {
                words.unread = true;
                mistakes.push(no_list(attr, place));
                continue;
            };
            for item in items(list.tokens.clone()) {
                words.read_item(item, place, mistakes);
            }
        }
        words
    }

    fn read_item(&mut self, item: Item, place: Place, mistakes: &mut Vec<Mistake>) {
        let (name, row) = match row(&item, place) {
            Ok(found) => found,
            Err(mistake) => {
                self.unread = true;
                return mistakes.push(mistake);
            }
        };
        let repeats = row.form == Form::Guard && place == Place::Struct;
        if !repeats && self.said(row.word).is_some() {
            let twice = GRAMMAR.problem(format!("`{}` is said twice", row.word));
            return mistakes.push(Mistake::new(name.span(), twice.help("keep one of them")));
        }
        let value = value(row, name.span(), item.rest).unwrap_or_else(|mut wrong| {
            mistakes.append(&mut wrong);
            Value::Broken
        });
        self.said.push(Said { row, span: name.span(), value });
    }

    fn find(&self, word: &str) -> Option<&Said> {
        self.said.iter().find(|said| said.row.word == word)
    }

    /// Where the word was said.
    pub(super) fn said(&self, word: &str) -> Option<Span> {
        self.find(word).map(|said| said.span)
    }

    /// Whether the word is missing for sure, so that its absence can be called a mistake.
    pub(super) fn lack(&self, word: &str) -> bool {
        !self.unread && self.said(word).is_none()
    }

    /// Any word, for what must have none.
    pub(super) fn any(&self) -> Option<Span> {
        self.said.first().map(|said| said.span)
    }

    /// Every word with its token.
    pub(super) fn spans(&self) -> Vec<(&'static str, Span)> {
        self.said.iter().map(|said| (said.row.word, said.span)).collect()
    }

    /// The text of a word, where it was said and is one.
    pub(super) fn text(&self, word: &str) -> Option<&LitStr> {
        match &self.find(word)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a word by database; none where the word was not said.
    pub(super) fn each(&self, word: &str) -> PerDatabase {
        match self.find(word).map(|said| &said.value) {
            Some(Value::Each(texts)) => texts.clone(),
            _ => PerDatabase::Nowhere,
        }
    }

    /// The names of a word, where it was said and has some.
    pub(super) fn names(&self, word: &str) -> Option<&[(String, Span)]> {
        match &self.find(word)?.value {
            Value::Names(names) => Some(names),
            _ => None,
        }
    }

    /// Every time that a word of [`Form::Guard`] was said: its row, its token, and what follows.
    pub(super) fn guards(&self) -> impl Iterator<Item = (&'static Word, Span, TokenStream)> {
        self.said.iter().filter_map(|said| match &said.value {
            Value::Guard(rest) => Some((said.row, said.span, rest.clone())),
            _ => None,
        })
    }

    /// The path of a word, where it was said and is one.
    pub(super) fn path(&self, word: &str) -> Option<&Path> {
        match &self.find(word)?.value {
            Value::Path(path) => Some(path),
            _ => None,
        }
    }
}

/// One part between two commas: its first token, which should be a word, and the others.
pub(super) struct Item {
    /// The word, or the token that is none.
    pub(super) name: Result<Ident, Span>,
    /// What follows.
    pub(super) rest: TokenStream,
    /// All of it.
    pub(super) whole: TokenStream,
}

/// The parts between the commas; the one after a last comma may be missing.
pub(super) fn items(tokens: TokenStream) -> Vec<Item> {
    let mut found = Vec::new();
    let mut part = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => {
                found.push(item(std::mem::take(&mut part), punct.span()));
            }
            token => part.push(token),
        }
    }
    if let Some(first) = part.first().map(TokenTree::span) {
        found.push(item(part, first));
    }
    found
}

/// A part in front of the token at `end`.
fn item(part: Vec<TokenTree>, end: Span) -> Item {
    let whole = part.iter().cloned().collect();
    let mut tokens = part.into_iter();
    let name = match tokens.next() {
        Some(TokenTree::Ident(name)) => Ok(name),
        other => Err(other.map_or(end, |token| token.span())),
    };
    Item { name, rest: tokens.collect(), whole }
}

/// The word that an item begins with.
fn row(item: &Item, place: Place) -> Result<(Ident, &'static Word), Mistake> {
    let name = item.name.clone().map_err(|span| Mistake::new(span, no_word(place)))?;
    match word::find(place, &name.to_string()) {
        Some(row) => Ok((name, row)),
        None => Err(Mistake::new(name.span(), unknown(&name.to_string(), place))),
    }
}

/// The value after a word, or what is wrong with it.
fn value(row: &'static Word, span: Span, rest: TokenStream) -> Result<Value, Vec<Mistake>> {
    let wrong = || vec![Mistake::new(span, wrong_shape(row))];
    match row.form {
        Form::Later => Err(vec![Mistake::new(span, later(row))]),
        Form::Flag if rest.is_empty() => Ok(Value::Flag),
        Form::Flag => Err(wrong()),
        Form::FlagOrText if rest.is_empty() => Ok(Value::Flag),
        Form::Text | Form::FlagOrText => text.parse2(rest).map(Value::Text).map_err(|_| wrong()),
        Form::Path => path.parse2(rest).map(Value::Path).map_err(|_| wrong()),
        Form::Names => names.parse2(rest).map(Value::Names).map_err(|_| wrong()),
        Form::Each => each(row, span, rest).map(Value::Each),
        Form::Guard => Ok(Value::Guard(rest)),
    }
}

pub(super) fn text(input: ParseStream<'_>) -> syn::Result<LitStr> {
    input.parse::<Token![=]>()?;
    input.parse()
}

fn path(input: ParseStream<'_>) -> syn::Result<Path> {
    input.parse::<Token![=]>()?;
    Path::parse_mod_style(input)
}

fn names(input: ParseStream<'_>) -> syn::Result<Vec<(String, Span)>> {
    let inside;
    syn::parenthesized!(inside in input);
    let name = |input: ParseStream<'_>| match input.parse::<LitStr>() {
        Ok(text) => Ok((text.value(), text.span())),
        Err(_) => input
            .parse::<Ident>()
            .map(|name| (syn::ext::IdentExt::unraw(&name).to_string(), name.span())),
    };
    let names = Punctuated::<_, Token![,]>::parse_terminated_with(&inside, name)?;
    if names.is_empty() { Err(inside.error("no names")) } else { Ok(names.into_iter().collect()) }
}

/// `= "text"` everywhere, or `(postgres = "text", …)`: a text for each database that is named.
pub(super) fn each(
    row: &'static Word,
    span: Span,
    rest: TokenStream,
) -> Result<PerDatabase, Vec<Mistake>> {
    if let Some(TokenTree::Group(group)) = rest.clone().into_iter().next() {
        return each_database(row, span, group.stream());
    }
    let Ok(text) = text.parse2(rest) else {
        return Err(vec![Mistake::new(span, wrong_shape(row))]);
    };
    not_empty(row, &text).map_err(|mistake| vec![mistake])?;
    Ok(PerDatabase::Everywhere(text.value()))
}

fn each_database(
    row: &'static Word,
    span: Span,
    tokens: TokenStream,
) -> Result<PerDatabase, Vec<Mistake>> {
    let (mut texts, mut mistakes) = (BTreeMap::new(), Vec::new());
    for item in items(tokens) {
        match one_database(row, span, item) {
            Err(mistake) => mistakes.push(mistake),
            Ok((name, database, text)) => {
                if texts.insert(database, text).is_some() {
                    let twice = GRAMMAR.problem(format!("`{database}` is said twice"));
                    mistakes.push(Mistake::new(name.span(), twice.help("keep one of them")));
                }
            }
        }
    }
    if texts.is_empty() && mistakes.is_empty() {
        mistakes.push(Mistake::new(span, wrong_shape(row)));
    }
    if mistakes.is_empty() { Ok(PerDatabase::Each(texts)) } else { Err(mistakes) }
}

fn one_database(
    row: &'static Word,
    span: Span,
    item: Item,
) -> Result<(Ident, Database, String), Mistake> {
    let name = item.name.map_err(|token| Mistake::new(token, wrong_shape(row)))?;
    if row.word == "backfill" && name == "application" {
        return Err(Mistake::new(name.span(), application()));
    }
    let database: Database = name.to_string().parse().map_err(|unknown: String| {
        Mistake::new(name.span(), GRAMMAR.problem(unknown).help(format!("write {}", shapes(row))))
    })?;
    let text = text.parse2(item.rest).map_err(|_| Mistake::new(span, wrong_shape(row)))?;
    not_empty(row, &text)?;
    Ok((name, database, text.value()))
}

pub(super) fn not_empty(row: &Word, text: &LitStr) -> Result<(), Mistake> {
    if !text.value().trim().is_empty() {
        return Ok(());
    }
    let empty = GRAMMAR.problem(format!("`{}` is empty", row.word));
    Err(Mistake::new(text.span(), empty.help(format!("write {}, or delete it", shapes(row)))))
}

/// The right shapes of a word, with the form by database where it has one.
fn shapes(row: &Word) -> String {
    let by_database = match row.form {
        Form::Each => format!(", or by database: `{}(postgres = \"…\", sqlite = \"…\")`", row.word),
        _ => String::new(),
    };
    format!("`{}`{by_database}", row.example)
}

pub(super) fn wrong_shape(row: &Word) -> Problem {
    let what = match row.form {
        Form::Flag => "takes no value",
        Form::Text | Form::Each => "takes a text",
        Form::FlagOrText => "takes a text, or nothing",
        Form::Names => "takes a list of columns",
        Form::Path => "takes a path",
        Form::Guard => "is not written so",
        Form::Later => "is not read",
    };
    let problem =
        GRAMMAR.problem(format!("`{}` {what}", row.word)).help(format!("write {}", shapes(row)));
    match word::find(row.place.other(), row.word) {
        Some(other) => {
            let noun = other.place.noun();
            problem.help(format!("above {noun}, it is `{}`", other.example))
        }
        None => problem,
    }
}

fn later(row: &Word) -> Problem {
    NOT_SUPPORTED
        .problem(format!("this version of colmig does not know `{}` yet", row.word))
        .help(row.meaning)
}

fn application() -> Problem {
    NOT_SUPPORTED
        .problem("this version of colmig cannot compute a backfill in the application")
        .help("write what existing rows get as SQL: `backfill = \"lower(email)\"`")
}

fn unknown(name: &str, place: Place) -> Problem {
    let other = place.other();
    let noun = place.noun();
    if let Some(row) = word::find(other, name) {
        return GRAMMAR
            .problem(format!("`{name}` describes {}, and stands above {noun}", other.noun()))
            .help(format!("move it: `#[colmig({})]` above {}", row.example, other.noun()));
    }
    let words = word::WORDS.iter().filter(|row| row.place == place && row.form != Form::Later);
    let meant = word::nearest(name, words.map(|row| row.word));
    let meant = meant.map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
    GRAMMAR
        .problem(format!("colmig knows no `{name}` above {noun}{meant}"))
        .help(format!("the words here are {}", word::valid(place)))
}

fn no_word(place: Place) -> Problem {
    GRAMMAR
        .problem("a word of colmig should stand here")
        .help(format!("the words here are {}", word::valid(place)))
}

fn no_list(attr: &Attribute, place: Place) -> Mistake {
    let example = match place {
        Place::Struct => "#[colmig(table = \"users\")]",
        Place::Field => "#[colmig(primary_key)]",
        Place::Enum => "#[colmig(type = \"mood\")]",
        Place::Variant => "#[colmig(adding)]",
    };
    let span =
        attr.path().to_token_stream().into_iter().next().map_or_else(Span::call_site, |t| t.span());
    Mistake::new(
        span,
        GRAMMAR.problem("`colmig` takes a list of words").help(format!(
            "write for instance `{example}`; the words here are {}",
            word::valid(place)
        )),
    )
}
