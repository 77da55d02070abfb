//! One field: its column, and everything that can be wrong with it alone.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{LitStr, Type};

use super::attr::Words;
use super::case::Case;
use super::life::Life;
use super::shape::{self, Shape, written};
use super::word::Place;
use super::{Mistake, cfg, sqlx};
use crate::ident;
use crate::problem::{GRAMMAR, Problem, UNKNOWN_TYPE};
use crate::schema::Column;
use crate::types::{ColumnType, DATABASES, TYPES, TypeRow};

/// A field as it was read; where there were mistakes, the best guess, so that checks of the whole table
/// do not stumble over them again.
pub(super) struct Read {
    pub(super) member: Ident,
    pub(super) words: Words,
    pub(super) column: Column,
    pub(super) label: String,
    pub(super) ty: Type,
    pub(super) inner: Type,
    pub(super) shape: Shape,
    pub(super) has_mistakes: bool,
}

impl Read {
    /// Where the word was said above the field.
    pub(super) fn word(&self, word: &str) -> Option<Span> {
        self.words.said(word)
    }
}

/// Reads a field; `None` where sqlx skips it.
pub(super) fn read(
    field: &syn::Field,
    case: Option<&Case>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Read> {
    let member = field.ident.clone().expect("the caller has refused tuple structs");
    let before = mistakes.len();
    let words = Words::read(&field.attrs, Place::Field, mistakes);
    let theirs = sqlx::field(&field.attrs, mistakes);
    let conditional = cfg::conditional(&field.attrs);
    mistakes.extend(conditional.map(|(span, problem)| Mistake::new(span, problem)));
    if theirs.skip {
        mistakes.extend(words.any().map(|span| Mistake::new(span, skipped(&member))));
        return None;
    }
    let label = label(&member, theirs.rename.as_ref(), case);
    let name = name(&words, theirs.rename.as_ref(), &label, &member, mistakes);
    let wrapping = shape::shape(&field.ty);
    let (shape, inner) = *wrapping.as_ref().unwrap_or(&(Shape::Plain, &field.ty));
    let life = Life { field, name: &name, words: &words, shape, inner };
    let ty = match wrapping {
        Ok(_) => {
            mistakes.extend(life.check());
            column_type(&words, inner, mistakes)
        }
        Err(problem) => {
            mistakes.push(Mistake::new(field.ty.span(), problem));
            None
        }
    };
    let column = Column {
        ty: ty.unwrap_or_else(|| ColumnType::Known(String::new())),
        optional: shape.is_optional(),
        auto: words.said("auto").is_some(),
        default: words.each("default"),
        state: life.state(),
        born: String::new(),
        backfill: words.each("backfill"),
        reverse: words.each("reverse"),
        name,
    };
    let (ty, inner) = (field.ty.clone(), inner.clone());
    let has_mistakes = mistakes.len() > before;
    Some(Read { member, words, column, label, ty, inner, shape, has_mistakes })
}

fn skipped(member: &Ident) -> Problem {
    GRAMMAR
        .problem(format!("`{member}` is skipped by sqlx, so it is no column"))
        .help("delete `#[sqlx(skip)]`, or the words of colmig")
}

/// What `sqlx::FromRow` looks for in a row.
fn label(member: &Ident, rename: Option<&LitStr>, case: Option<&Case>) -> String {
    let plain = member.unraw().to_string();
    match (rename, case) {
        (Some(rename), _) => rename.value(),
        (None, Some((_, convert))) => convert(&plain),
        (None, None) => plain,
    }
}

/// The column's name, which a database must be able to hold.
fn name(
    words: &Words,
    rename: Option<&LitStr>,
    label: &str,
    member: &Ident,
    mistakes: &mut Vec<Mistake>,
) -> String {
    let (name, span) = match words.text("column").or(rename) {
        Some(text) => (text.value(), text.span()),
        None => (label.to_owned(), member.span()),
    };
    mistakes.extend(ident::check(&name).err().map(|problem| Mistake::new(span, problem)));
    name
}

/// What the user spelled, or the row of the type table.
fn column_type(words: &Words, inner: &Type, mistakes: &mut Vec<Mistake>) -> Option<ColumnType> {
    if words.said("type").is_some() {
        let texts = words.each("type");
        return (!texts.is_nowhere()).then_some(ColumnType::Sql(texts));
    }
    let row = ColumnType::of_rust(&shape::without_path(inner));
    if let Some(row) = row.filter(|row| is_somewhere(row)) {
        return Some(ColumnType::Known(row.word.to_owned()));
    }
    if words.lack("type") {
        let unknown = unknown_type(&written(inner), row.map_or("", |row| row.instead));
        mistakes.push(Mistake::new(inner.span(), unknown));
    }
    None
}

/// `instead` is what the type table advises for a type that it knows and no database holds.
fn unknown_type(written: &str, instead: &str) -> Problem {
    if !instead.is_empty() {
        return UNKNOWN_TYPE.problem(format!("no database holds `{written}`")).help(instead);
    }
    let known = TYPES.iter().filter(|row| is_somewhere(row)).flat_map(|row| row.rust);
    let known: Vec<_> = known.map(|rust| format!("`{rust}`")).collect();
    UNKNOWN_TYPE
        .problem(format!("colmig knows no SQL type for `{written}`"))
        .help("add the type's name in the database: `#[colmig(type = \"…\")]`")
        .help(format!(
            "known are {}, and `Option` of these; an alias has to be written out",
            known.join(", ")
        ))
}

fn is_somewhere(row: &TypeRow) -> bool {
    DATABASES.iter().any(|(db, _)| row.on(*db).is_some())
}
