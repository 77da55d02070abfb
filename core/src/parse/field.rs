//! One field: its column, and everything that can be wrong with it alone.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{LitStr, Type, Visibility};

use super::attr::Words;
use super::case::{self, Case};
use super::life::Life;
use super::shape::{self, Shape, written};
use super::word::{Place, nearest};
use super::{Mistake, cfg, sqlx};
use crate::ident;
use crate::problem::{GRAMMAR, NOT_SUPPORTED, Problem, UNKNOWN_TYPE};
use crate::schema::{Column, DualWrite};
use crate::types::{ColumnType, DATABASES, TYPES, TypeRow};

/// How a field's value becomes the column's.
#[derive(Clone)]
pub enum Codec {
    /// It is the column's.
    Itself,
    /// `#[sqlx(json)]`: as JSON.
    Json,
    /// `#[sqlx(json(nullable))]`: as JSON, or NULL.
    JsonOrNull,
    /// `#[sqlx(try_from = "…")]`: converted to this type.
    Into(Box<Type>),
}

/// What a field is.
pub(super) enum Kind {
    /// A column.
    Column(Box<Read>),
    /// A struct of columns: `#[sqlx(flatten)]`.
    Flattened(Box<Flattened>),
    /// `#[sqlx(skip)]`.
    Skipped,
}

/// A field whose struct's fields are columns of the same table.
#[derive(Clone)]
pub struct Flattened {
    /// The field's name.
    pub member: Ident,
    /// The struct.
    pub ty: Type,
}

impl Flattened {
    /// The struct's name, without its path.
    pub fn name(&self) -> String {
        shape::without_path(&self.ty)
    }
}

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
    pub(super) codec: Codec,
    pub(super) visibility: Visibility,
    pub(super) constant: String,
    pub(super) has_mistakes: bool,
}

impl Read {
    /// Where the word was said above the field.
    pub(super) fn word(&self, word: &str) -> Option<Span> {
        self.words.said(word)
    }
}

/// Reads a field.
pub(super) fn read(field: &syn::Field, case: Option<&Case>, mistakes: &mut Vec<Mistake>) -> Kind {
    let member = field.ident.clone().expect("the caller has refused tuple structs");
    let before = mistakes.len();
    let words = Words::read(&field.attrs, Place::Field, mistakes);
    let theirs = sqlx::field(&field.attrs, mistakes);
    let conditional = cfg::conditional(&field.attrs);
    mistakes.extend(conditional.map(|(span, problem)| Mistake::new(span, problem)));
    if theirs.skip {
        mistakes.extend(words.any().map(|span| Mistake::new(span, no_column(&member, "skip"))));
        return Kind::Skipped;
    }
    if theirs.flatten.is_some() {
        mistakes.extend(words.any().map(|span| Mistake::new(span, no_column(&member, "flatten"))));
        let flattened = Flattened { member, ty: field.ty.clone() };
        return Kind::Flattened(Box::new(flattened));
    }
    let label = label(&member, theirs.rename.as_ref(), case);
    let name = name(&words, theirs.rename.as_ref(), &label, &member, mistakes);
    let codec = codec(&theirs);
    let wrapping = held(&field.ty, &theirs);
    let (shape, inner) = *wrapping.as_ref().unwrap_or(&(Shape::Plain, &field.ty));
    let life = Life { field, name: &name, words: &words, shape, inner, codec: &codec };
    let ty = match wrapping {
        Ok(_) => {
            mistakes.extend(life.check());
            column_type(&words, inner, &codec, mistakes)
        }
        Err(problem) => {
            mistakes.push(Mistake::new(field.ty.span(), problem));
            None
        }
    };
    let (constant, dual_write) =
        (constant(&words, &member, mistakes), dual_write(&words, mistakes));
    let replaces = words.names("replaces").unwrap_or_default();
    let column = Column {
        nullability: shape.nullability(),
        auto: words.said("auto").is_some(),
        default: words.each("default"),
        generated: words.each("generated"),
        replaces: replaces.iter().map(|(name, _)| name.clone()).collect(),
        dual_write,
        state: life.state(),
        backfill: words.each("backfill"),
        forward: words.each("forward"),
        reverse: words.each("reverse"),
        ..Column::new(name, ty.unwrap_or_else(|| ColumnType::Known(String::new())))
    };
    let (ty, inner, visibility) = (field.ty.clone(), inner.clone(), field.vis.clone());
    let has_mistakes = mistakes.len() > before;
    let read = Read {
        member,
        words,
        column,
        label,
        ty,
        inner,
        shape,
        codec,
        visibility,
        constant,
        has_mistakes,
    };
    Kind::Column(Box::new(read))
}

fn no_column(member: &Ident, word: &str) -> Problem {
    let why = match word {
        "skip" => "is skipped by sqlx, so it is no column",
        _ => "is a struct of columns and no column itself",
    };
    GRAMMAR
        .problem(format!("`{member}` {why}"))
        .help(format!("delete `#[sqlx({word})]`, or the words of colmig"))
}

fn codec(theirs: &sqlx::FieldWords) -> Codec {
    match (&theirs.json, &theirs.try_from) {
        (Some((_, true)), _) => Codec::JsonOrNull,
        (Some((_, false)), _) => Codec::Json,
        (None, Some((_, ty))) => Codec::Into(Box::new(ty.clone())),
        (None, None) => Codec::Itself,
    }
}

/// What the column holds: the field's type, unless sqlx makes that from something else. JSON has a null of
/// its own, so an `Option` there says nothing of the column.
fn held<'t>(ty: &'t Type, theirs: &'t sqlx::FieldWords) -> Result<(Shape, &'t Type), Problem> {
    let (shape, inner) = shape::shape(ty)?;
    let instead = |right: Shape, inner: &str| {
        let converted = if theirs.json.is_some() { "json" } else { "try_from" };
        let wrapper = right.wrapper();
        GRAMMAR
            .problem(format!("sqlx cannot make a `{wrapper}` with `{converted}`"))
            .help(format!("write `{wrapper}<{inner}>`, without `{converted}`"))
    };
    match (&theirs.json, &theirs.try_from) {
        (Some(_), _) if shape.may_be_unset() => {
            Err(instead(shape, &format!("sqlx::types::Json<{}>", written(inner))))
        }
        (Some((_, false)), _) => Ok((Shape::Plain, ty)),
        (Some((_, true)), _) if shape == Shape::Optional => Ok((shape, inner)),
        (Some((_, true)), _) => Err(GRAMMAR
            .problem("`json(nullable)` is for a column that may be NULL")
            .help(format!("write `json`, or the type `Option<{}>`", written(inner)))),
        (None, Some((_, from))) if shape.may_be_unset() => Err(instead(shape, &written(from))),
        (None, Some((_, from))) => shape::shape(from),
        (None, None) => Ok((shape, inner)),
    }
}

/// The name of the column's constant.
fn constant(words: &Words, member: &Ident, mistakes: &mut Vec<Mistake>) -> String {
    let Some(text) = words.text("constant") else {
        return constant_of(&member.unraw().to_string());
    };
    if syn::parse_str::<Ident>(&text.value()).is_err() {
        let problem = GRAMMAR.problem(format!("`{}` cannot name a constant", text.value()));
        mistakes.push(Mistake::new(
            text.span(),
            problem.help("write a Rust identifier in capitals: `constant = \"EMAIL_COLUMN\"`"),
        ));
    }
    text.value()
}

/// The names that a table's own constants have.
const TAKEN: &[&str] = &["COLUMNS", "SELECT", "TABLE"];

/// The constant of a field: its name in capitals; with a `_` where that would hide the table's own.
pub fn constant_of(member: &str) -> String {
    let capitals = member.to_uppercase();
    if TAKEN.contains(&capitals.as_str()) { format!("{capitals}_") } else { capitals }
}

fn dual_write(words: &Words, mistakes: &mut Vec<Mistake>) -> DualWrite {
    match words.text("dual_write") {
        None => DualWrite::Application,
        Some(text) if text.value() == "trigger" => DualWrite::Trigger,
        Some(text) => {
            let unknown = GRAMMAR
                .problem(format!("`dual_write` knows no `{}`", text.value()))
                .help("write `dual_write = \"trigger\"`; without it, the application writes both columns");
            mistakes.push(Mistake::new(text.span(), unknown));
            DualWrite::Application
        }
    }
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
    mistakes.extend(ident::check_column(&name).err().map(|problem| Mistake::new(span, problem)));
    name
}

/// What the user spelled, or the row of the type table.
fn column_type(
    words: &Words,
    inner: &Type,
    codec: &Codec,
    mistakes: &mut Vec<Mistake>,
) -> Option<ColumnType> {
    if words.said("type").is_some() {
        let texts = words.each("type");
        return (!texts.is_nowhere()).then_some(ColumnType::Sql(texts));
    }
    if let Some(span) = words.said("enum") {
        return match enum_type(words, span, inner, codec) {
            Ok(name) => Some(ColumnType::Enum(name)),
            Err(mistake) => {
                mistakes.push(mistake);
                None
            }
        };
    }
    let row = match codec {
        Codec::Json | Codec::JsonOrNull => TYPES.iter().find(|row| row.word == "json"),
        Codec::Itself | Codec::Into(_) => ColumnType::of_rust(&shape::without_path(inner)),
    };
    if let Some(row) = row.filter(|row| is_somewhere(row)) {
        return Some(ColumnType::Known(row.word.to_owned()));
    }
    if words.lack("type") {
        let unknown = unknown_type(&written(inner), row.map_or("", |row| row.instead));
        mistakes.push(Mistake::new(inner.span(), unknown));
    }
    None
}

/// The name of the enum type: what the word says, or the Rust name in snake_case. The compiler compares it with
/// what the enum says of itself, and the command line looks for it among the enums of the project.
fn enum_type(words: &Words, span: Span, inner: &Type, codec: &Codec) -> Result<String, Mistake> {
    let converted = match codec {
        Codec::Itself => None,
        Codec::Json | Codec::JsonOrNull => Some("json"),
        Codec::Into(_) => Some("try_from"),
    };
    if let Some(word) = converted {
        let problem = GRAMMAR
            .problem(format!("the column is an enum, and `{word}` stores something else in it"))
            .help(format!("delete `{word}`, or `enum`"));
        return Err(Mistake::new(span, problem));
    }
    let rust = shape::without_path(inner);
    if syn::parse_str::<Ident>(&rust).is_err() {
        let problem = NOT_SUPPORTED
            .problem(format!("`{}` is no enum by itself", written(inner)))
            .help("write the enum alone, or in an `Option`; this version of colmig has no arrays of enums");
        return Err(Mistake::new(inner.span(), problem));
    }
    let (name, at) = match words.text("enum") {
        Some(text) => (text.value(), text.span()),
        None => (case::snake(rust.trim_start_matches("r#")), inner.span()),
    };
    match ident::check_type(&name) {
        Ok(()) => Ok(name),
        Err(problem) => Err(Mistake::new(at, problem)),
    }
}

/// `instead` is what the type table advises for a type that it knows and no database holds.
fn unknown_type(written: &str, instead: &str) -> Problem {
    if !instead.is_empty() {
        return UNKNOWN_TYPE.problem(format!("no database holds `{written}`")).help(instead);
    }
    // One spelling of each: the table has many, and most people look for one that they know.
    let known = || TYPES.iter().filter(|row| is_somewhere(row));
    let meant = nearest(written, known().flat_map(|row| row.rust).copied());
    let meant = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
    let known = known().filter_map(|row| row.rust.first()).map(|rust| format!("`{rust}`"));
    let known: Vec<_> = known.collect();
    UNKNOWN_TYPE
        .problem(format!("colmig knows no SQL type for `{written}`{meant}"))
        .help("add the type's name in the database: `#[colmig(type = \"…\")]`; if it derives `colmig::Enum`, `#[colmig(enum)]`")
        .help(format!(
            "known are {} and their like, `Vec` of these on PostgreSQL, and `Option`; an alias has to be written out",
            known.join(", ")
        ))
}

fn is_somewhere(row: &TypeRow) -> bool {
    DATABASES.iter().any(|(db, _)| row.on(*db).is_some())
}
