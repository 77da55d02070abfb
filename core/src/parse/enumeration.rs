//! An enum as a type of the database, and the enums of a project against its structs.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, Path};

use super::attr::Words;
use super::case::{self, Case};
use super::table::{default_crate, generic};
use super::word::{Place, nearest};
use super::{Declared, Mistake, cfg, sqlx};
use crate::ident;
use crate::lifecycle::State;
use crate::problem::{DUPLICATE, GRAMMAR, NOT_AN_ENUM, Problem, UNKNOWN_TYPE};
use crate::schema::{EnumType, EnumValue};

/// An enum that stands for a type of the database.
pub struct DeclaredEnum {
    /// The type. Its births are empty: only the lock file knows them.
    pub enumeration: EnumType,
    /// The enum's name.
    pub ident: Ident,
    /// The variants, in the order of `enumeration.values`.
    pub variants: Vec<Variant>,
    /// Where colmig is: `::colmig`, or what `crate = …` says.
    pub crate_path: Path,
    /// The token of the enum's name.
    pub span: Span,
}

/// One variant.
pub struct Variant {
    /// Its name.
    pub ident: Ident,
    /// The words above it, with their tokens.
    pub words: Vec<(&'static str, Span)>,
}

impl DeclaredEnum {
    /// The token of the variant with this value; the enum's name where it has none any more.
    pub fn span_of(&self, value: &str) -> Span {
        let index = self.enumeration.values.iter().position(|one| one.name == value);
        index.map_or(self.span, |index| self.variants[index].ident.span())
    }
}

/// Reads an enum. On failure every mistake is there, not only the first.
pub fn enumeration(input: &DeriveInput) -> Result<DeclaredEnum, Vec<Mistake>> {
    let variants = match &input.data {
        Data::Enum(data) => &data.variants,
        Data::Struct(data) => {
            return Err(vec![refused(data.struct_token.span, "a struct", "it has no variants")]);
        }
        Data::Union(data) => {
            return Err(vec![refused(data.union_token.span, "a union", "it has no variants")]);
        }
    };
    let mut mistakes = Vec::new();
    if let Some((span, problem)) = cfg::conditional(&input.attrs) {
        mistakes.push(Mistake::new(span, problem));
    }
    if let Some(span) = generic(&input.generics) {
        mistakes.push(refused(span, "an enum with parameters", "it would be many types at once"));
    }
    if variants.is_empty() {
        mistakes.push(refused(input.ident.span(), "an enum without variants", "it has no values"));
    }
    let words = Words::read(&input.attrs, Place::Enum, &mut mistakes);
    let name = type_name(&words, &input.ident, &mut mistakes);
    let case = words.said("rename_all").and_then(|span| {
        // A word without its text has been reported.
        let text = words.text("rename_all")?;
        sqlx::case(span, Some(text), &mut mistakes)
    });
    let read: Vec<Read> =
        variants.iter().map(|variant| variant_of(variant, case, &mut mistakes)).collect();
    duplicates(&read, &mut mistakes);
    for one in &read {
        mistakes.extend(replacement(one, &read));
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let values = read.iter().map(|one| one.value.clone()).collect();
    Ok(DeclaredEnum {
        enumeration: EnumType { name, born: String::new(), values },
        ident: input.ident.clone(),
        variants: read
            .into_iter()
            .map(|one| Variant { ident: one.ident, words: one.words.spans() })
            .collect(),
        crate_path: words.path("crate").cloned().unwrap_or_else(default_crate),
        span: input.ident.span(),
    })
}

/// Where colmig is for this enum, as far as its attributes can be understood: for code that must be made even
/// where the enum is wrong.
pub fn enum_crate_path(input: &DeriveInput) -> Path {
    let words = Words::read(&input.attrs, Place::Enum, &mut Vec::new());
    words.path("crate").cloned().unwrap_or_else(default_crate)
}

fn refused(span: Span, what: &str, why: &str) -> Mistake {
    let problem = NOT_AN_ENUM.problem(format!("{what} cannot be an enum type: {why}"));
    let help = "write an enum whose variants are names alone: `enum Mood { Happy, Sad }`";
    Mistake::new(span, problem.help(help))
}

fn type_name(words: &Words, ident: &Ident, mistakes: &mut Vec<Mistake>) -> String {
    let (name, span) = match words.text("type") {
        Some(text) => (text.value(), text.span()),
        None => (case::snake(&ident.unraw().to_string()), ident.span()),
    };
    let problem = ident::check_type(&name).err().map(|problem| match words.text("type") {
        Some(_) => problem,
        None => problem.help("or name the type: `#[colmig(type = \"…\")]` above the enum"),
    });
    mistakes.extend(problem.map(|problem| Mistake::new(span, problem)));
    name
}

/// A variant as it was read.
struct Read {
    ident: Ident,
    words: Words,
    value: EnumValue,
}

fn variant_of(variant: &syn::Variant, case: Option<&Case>, mistakes: &mut Vec<Mistake>) -> Read {
    let ident = variant.ident.clone();
    let conditional = cfg::conditional(&variant.attrs);
    mistakes.extend(conditional.map(|(span, problem)| Mistake::new(span, problem)));
    let words = Words::read(&variant.attrs, Place::Variant, mistakes);
    if !matches!(variant.fields, Fields::Unit) {
        let problem = NOT_AN_ENUM
            .problem(format!("the variant `{ident}` holds something, and a value is a word alone"))
            .help(format!("write `{ident}`, and give what it holds a column of its own"));
        mistakes.push(Mistake::new(variant.fields.span(), problem));
    }
    let (name, span) = match (words.text("rename"), case) {
        (Some(text), _) => (text.value(), text.span()),
        (None, Some((_, convert))) => (convert(&ident.unraw().to_string()), ident.span()),
        (None, None) => (ident.unraw().to_string(), ident.span()),
    };
    mistakes.extend(ident::check_value(&name).err().map(|problem| Mistake::new(span, problem)));
    let state = match (words.said("adding"), words.said("deprecated")) {
        (Some(_), Some(span)) => {
            let problem = GRAMMAR
                .problem(format!("`{ident}` says `adding` and `deprecated`: a value is on its way in, or on its way out"))
                .help("keep one of the two words");
            mistakes.push(Mistake::new(span, problem));
            State::Adding
        }
        (Some(_), None) => State::Adding,
        (None, Some(_)) => State::Deprecated,
        (None, None) => State::Active,
    };
    let replace_with = words.text("replace_with").map(syn::LitStr::value).unwrap_or_default();
    let value = EnumValue { state, replace_with, ..EnumValue::new(name) };
    Read { ident, words, value }
}

/// Two variants cannot be one value.
fn duplicates(read: &[Read], mistakes: &mut Vec<Mistake>) {
    for (index, one) in read.iter().enumerate() {
        let same = |other: &&Read| other.value.name == one.value.name;
        let Some(first) = read[..index].iter().find(same) else { continue };
        let problem = DUPLICATE
            .problem(format!(
                "`{}` and `{}` are both the value `{}`",
                first.ident, one.ident, one.value.name
            ))
            .help("delete one, or give it another value: `#[colmig(rename = \"…\")]`");
        mistakes.push(Mistake::new(one.ident.span(), problem));
    }
}

/// What rows get instead is another value, which every release writes; and only what comes or goes has rows that
/// need one.
fn replacement(one: &Read, read: &[Read]) -> Option<Mistake> {
    let text = one.words.text("replace_with")?;
    let said = text.value();
    if one.value.state == State::Active {
        // A word that was not understood may have been the state.
        let problem = GRAMMAR
            .problem(format!(
                "`{}` has a `replace_with` and is neither `adding` nor `deprecated`",
                one.ident
            ))
            .help("delete it: its migration has it; or retire the value with `deprecated`");
        let lacks = one.words.lack("adding") && one.words.lack("deprecated");
        return lacks
            .then(|| Mistake::new(one.words.said("replace_with").unwrap_or(text.span()), problem));
    }
    let actives = || read.iter().filter(|other| other.value.state == State::Active);
    if actives().any(|other| other.value.name == said) {
        return None;
    }
    let names = || actives().map(|other| other.value.name.as_str());
    let meant = nearest(&said, names()).map(|meant| format!("; did you mean `{meant}`?"));
    let names: Vec<_> = names().map(|name| format!("`{name}`")).collect();
    let problem = GRAMMAR
        .problem(format!("`{said}` is no value that the code writes{}", meant.unwrap_or_default()))
        .help(format!("the values that it writes are {}", names.join(", ")));
    Some(Mistake::new(text.span(), problem))
}

/// Where a project's enums and structs do not agree.
pub struct Disagreement {
    /// In which.
    pub at: At,
    /// The mistake.
    pub mistake: Mistake,
}

/// One item of a project, by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// A struct.
    Struct(usize),
    /// An enum.
    Enum(usize),
}

/// What only the command line can check, which sees all: each type has one enum and no table has its name, and
/// each column of an enum type has its enum.
pub fn agree(structs: &[&Declared], enums: &[&DeclaredEnum]) -> Vec<Disagreement> {
    let mut found = Vec::new();
    for (index, one) in enums.iter().enumerate() {
        let name = &one.enumeration.name;
        let first = enums[..index].iter().find(|other| other.enumeration.name == *name);
        let table = structs.iter().find(|table| table.table.name == *name);
        let problem = match (first, table) {
            (Some(first), _) => DUPLICATE
                .problem(format!("the type `{name}` is declared twice: by `{}` and by `{}`", first.ident, one.ident))
                .help("keep one of them, and use it everywhere")
                .help("or give it a type of its own: `#[colmig(type = \"…\")]`"),
            (None, Some(table)) => DUPLICATE
                .problem(format!("`{name}` is a type, and the table of `{}`: to PostgreSQL a table is a type too", table.ident))
                .help("give one of them another name: `#[colmig(type = \"…\")]` above the enum, or `#[colmig(table = \"…\")]`"),
            (None, None) => continue,
        };
        found.push(Disagreement { at: At::Enum(index), mistake: Mistake::new(one.span, problem) });
    }
    for (index, table) in structs.iter().enumerate() {
        for field in &table.fields {
            let column = &table.table.columns[field.column];
            let Some(name) = column.ty.enumeration() else { continue };
            if enums.iter().all(|one| one.enumeration.name != name) {
                let mistake = Mistake::new(field.word("enum"), undeclared(name, enums));
                found.push(Disagreement { at: At::Struct(index), mistake });
            }
        }
    }
    found
}

fn undeclared(name: &str, enums: &[&DeclaredEnum]) -> Problem {
    let known = || enums.iter().map(|one| one.enumeration.name.as_str());
    let meant = nearest(name, known()).map(|meant| format!("; did you mean `{meant}`?"));
    let problem = UNKNOWN_TYPE
        .problem(format!("no enum here stands for the type `{name}`{}", meant.unwrap_or_default()))
        .help("write `#[derive(colmig::Enum)]` above the enum, in a package of this project");
    let known: Vec<_> = known().map(|name| format!("`{name}`")).collect();
    match known.is_empty() {
        true => problem,
        false => problem.help(format!(
            "the types are {}: where the enum's has another name than it has in Rust, write `enum = \"…\"`",
            known.join(", ")
        )),
    }
}
