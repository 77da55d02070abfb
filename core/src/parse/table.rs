//! A struct as a table.

use proc_macro2::{Ident, Span};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Data, DataStruct, DeriveInput, Fields, Generics, LitStr, Path, Token, Type, Visibility};

use super::attr::Words;
use super::field::{self, Codec, Flattened, Kind, Read};
use super::guard::{self, Guards};
use super::shape::Shape;
use super::word::Place;
use super::{Mistake, case, cfg, key, replace, sqlx};
use crate::ident;
use crate::lifecycle::{Access, State};
use crate::problem::{DUPLICATE, GRAMMAR, IDENTIFIER, NOT_A_TABLE, NOT_SUPPORTED, Problem};
use crate::schema::Table;

/// A struct that stands for a table.
pub struct Declared {
    /// The table. Its births are empty: only the lock file knows them.
    pub table: Table,
    /// The struct's name.
    pub ident: Ident,
    /// The fields that are columns, in the order of `table.columns`.
    pub fields: Vec<Field>,
    /// The fields that are structs of further columns.
    pub flattened: Vec<Flattened>,
    /// The tokens of `table.constraints`.
    pub guards: Vec<Span>,
    /// Where colmig is: `::colmig`, or what `crate = …` says.
    pub crate_path: Path,
    /// The token of the struct's name.
    pub span: Span,
}

/// A field that is a column.
pub struct Field {
    /// The field's name.
    pub member: Ident,
    /// Its index in `table.columns`.
    pub column: usize,
    /// What `sqlx::FromRow` looks for: the column's name unless `column = …` gives it another one.
    pub label: String,
    /// Its type as written.
    pub ty: Type,
    /// Its type without `WriteOnly` and `Option`.
    pub inner: Type,
    /// Who can name it.
    pub visibility: Visibility,
    /// How it holds its value.
    pub shape: Shape,
    /// How its value becomes the column's.
    pub codec: Codec,
    /// The name of the column's constant.
    pub constant: String,
    /// The token of its name.
    pub span: Span,
    /// The words above it, with their tokens.
    pub words: Vec<(&'static str, Span)>,
}

impl Field {
    /// The token of a word above the field; the field's name where it was not said.
    pub fn word(&self, word: &str) -> Span {
        self.words.iter().find(|(said, _)| *said == word).map_or(self.span, |(_, span)| *span)
    }
}

/// Reads a struct. On failure every mistake is there, not only the first.
pub fn table(input: &DeriveInput) -> Result<Declared, Vec<Mistake>> {
    let named = named_fields(input).map_err(|mistake| vec![mistake])?;
    let mut mistakes = Vec::new();
    if let Some((span, problem)) = cfg::conditional(&input.attrs) {
        mistakes.push(Mistake::new(span, problem));
    }
    let words = Words::read(&input.attrs, Place::Struct, &mut mistakes);
    let case = sqlx::rename_all(&input.attrs, &mut mistakes);
    let name = table_name(&words, &input.ident, &mut mistakes);
    let (mut fields, mut flattened) = (Vec::new(), Vec::new());
    for field in named {
        match field::read(field, case, &mut mistakes) {
            Kind::Column(read) => fields.push(*read),
            Kind::Flattened(inner) => flattened.push(*inner),
            Kind::Skipped => {}
        }
    }
    duplicates(&fields, &mut mistakes);
    constants(&fields, &mut mistakes);
    let access = access(&words, &mut mistakes);
    let primary_key =
        key::primary_key(&words, &fields, &input.ident, access).unwrap_or_else(|wrong| {
            mistakes.extend(wrong);
            Vec::new()
        });
    if !primary_key.is_empty() {
        key::check_auto(&fields, &primary_key, &mut mistakes);
    }
    replace::check(&fields, &primary_key, &mut mistakes);
    replace::carry_over(&mut fields, &primary_key);
    if words.said("owner").is_some() {
        mistakes.extend(fields.iter().filter_map(enum_of_another_project));
    }
    let guards = guard::read(&name, &words, &fields, &mut mistakes);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let Guards { constraints, indexes } = guards;
    let (constraints, guards) = constraints.into_iter().unzip();
    let table = Table {
        access,
        owner: words.text("owner").map_or_else(String::new, LitStr::value),
        primary_key,
        columns: fields.iter().map(|read| read.column.clone()).collect(),
        constraints,
        indexes: indexes.into_iter().map(|(index, _)| index).collect(),
        ..Table::new(name)
    };
    Ok(Declared {
        table,
        flattened,
        guards,
        ident: input.ident.clone(),
        fields: fields
            .into_iter()
            .enumerate()
            .map(|(column, read)| declared(column, read))
            .collect(),
        crate_path: words.path("crate").cloned().unwrap_or_else(default_crate),
        span: input.ident.span(),
    })
}

/// Where colmig is for this struct, as far as its attributes can be understood: for code that must be
/// made even where the struct is wrong.
pub fn crate_path(input: &DeriveInput) -> Path {
    let words = Words::read(&input.attrs, Place::Struct, &mut Vec::new());
    words.path("crate").cloned().unwrap_or_else(default_crate)
}

/// What is known of a column in a struct that is wrong.
pub struct Guess {
    /// The name of its constant.
    pub constant: Ident,
    /// The field's type without `WriteOnly` and `Option`.
    pub inner: Type,
    /// Who can name the field.
    pub visibility: Visibility,
    /// What the code does with it; active, if the field itself is wrong.
    pub state: State,
}

/// The columns of a struct as far as they can be understood, each constant once: for code that must be
/// made even where the struct is wrong.
pub fn guesses(input: &DeriveInput) -> Vec<Guess> {
    let Data::Struct(DataStruct { fields: Fields::Named(fields), .. }) = &input.data else {
        return Vec::new();
    };
    let case = sqlx::rename_all(&input.attrs, &mut Vec::new());
    let mut found: Vec<Guess> = Vec::new();
    for field in &fields.named {
        let Kind::Column(read) = field::read(field, case, &mut Vec::new()) else { continue };
        let Ok(constant) = syn::parse_str::<Ident>(&read.constant) else { continue };
        if found.iter().any(|other| other.constant == constant) {
            continue;
        }
        let state = if read.has_mistakes { State::Active } else { read.column.state };
        let constant = Ident::new(&read.constant, read.member.span());
        found.push(Guess { constant, inner: read.inner, visibility: read.visibility, state });
    }
    found
}

pub(super) fn default_crate() -> Path {
    syn::parse_quote!(::colmig)
}

fn declared(column: usize, read: Read) -> Field {
    Field {
        span: read.member.span(),
        member: read.member,
        column,
        label: read.label,
        ty: read.ty,
        inner: read.inner,
        visibility: read.visibility,
        shape: read.shape,
        codec: read.codec,
        constant: read.constant,
        words: read.words.spans(),
    }
}

/// A table is a struct with named fields: a column needs a name, and the command line, which cannot
/// fill in parameters, must know its type.
fn named_fields(input: &DeriveInput) -> Result<&Punctuated<syn::Field, Token![,]>, Mistake> {
    let refused = |span, what: &str, why: &str| {
        let help = "write a struct with named fields: `struct User { id: i64 }`";
        Mistake::new(
            span,
            NOT_A_TABLE.problem(format!("{what} cannot be a table: {why}")).help(help),
        )
    };
    let name = input.ident.span();
    let named = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => &fields.named,
            Fields::Unnamed(_) => {
                return Err(refused(name, "a tuple struct", "its columns have no names"));
            }
            Fields::Unit => {
                return Err(refused(name, "a struct without fields", "it has no columns"));
            }
        },
        Data::Enum(data) => {
            return Err(refused(data.enum_token.span, "an enum", "a row has all columns at once"));
        }
        Data::Union(data) => {
            return Err(refused(data.union_token.span, "a union", "a row has all columns at once"));
        }
    };
    match generic(&input.generics) {
        Some(span) => Err(Mistake::new(span, generics())),
        None => Ok(named),
    }
}

pub(super) fn generic(generics: &Generics) -> Option<Span> {
    let parameter = generics.params.first().map(|parameter| parameter.span());
    parameter.or_else(|| generics.where_clause.as_ref().map(|clause| clause.where_token.span))
}

fn generics() -> Problem {
    NOT_A_TABLE
        .problem("a table has no parameters: its columns have the same types everywhere")
        .help("write the types out; for borrowed data, use the owned type, `String` for `&str`")
}

fn table_name(words: &Words, ident: &Ident, mistakes: &mut Vec<Mistake>) -> String {
    let (name, span) = match words.text("table") {
        Some(text) => (text.value(), text.span()),
        None => (case::snake(&syn::ext::IdentExt::unraw(ident).to_string()), ident.span()),
    };
    mistakes.extend(ident::check(&name).err().map(|problem| Mistake::new(span, problem)));
    if name.contains('.') {
        let qualified = IDENTIFIER
            .problem(format!("`{name}` is a name with a dot in it, not a table in a schema"))
            .help("write the table's name alone, and set the connection's `search_path`");
        mistakes.push(Mistake::new(span, qualified));
    }
    name
}

/// The project that makes a table makes the types of its columns, and knows the lives of their values.
fn enum_of_another_project(field: &Read) -> Option<Mistake> {
    let problem = NOT_SUPPORTED
        .problem(format!("the type of `{}` belongs to the project that makes the table", field.member))
        .help("name its type in the database, `type = \"…\"`, and derive `sqlx::Type` for the Rust type");
    Some(Mistake::new(field.word("enum")?, problem))
}

/// How the struct uses its table. A table of another project is not inserted into: that project alone
/// knows what an insert must write.
fn access(words: &Words, mistakes: &mut Vec<Mistake>) -> Access {
    let (read_only, partial) = (words.said("read_only"), words.said("partial"));
    if let (Some(_), Some(span)) = (read_only, partial) {
        let both = GRAMMAR
            .problem("`read_only` says more than `partial`: it names some columns and writes none")
            .help("keep one of the two words");
        mistakes.push(Mistake::new(span, both));
    }
    if let Some(span) = words.said("owner")
        && words.lack("read_only")
        && words.lack("partial")
    {
        let owner = words.text("owner").map_or_else(String::new, LitStr::value);
        let problem = GRAMMAR
            .problem(format!(
                "the table belongs to `{owner}`, and this struct would insert into it"
            ))
            .help("add `partial`, to read and update some of its columns, or `read_only`");
        mistakes.push(Mistake::new(span, problem));
    }
    match (read_only, partial) {
        (Some(_), _) => Access::ReadOnly,
        (None, Some(_)) => Access::Partial,
        (None, None) => Access::Writer,
    }
}

/// Two columns cannot have one constant.
fn constants(fields: &[Read], mistakes: &mut Vec<Mistake>) {
    for (index, field) in fields.iter().enumerate() {
        let same = |other: &&Read| other.constant == field.constant && other.member != field.member;
        let Some(first) = fields[..index].iter().find(same) else { continue };
        let problem = DUPLICATE
            .problem(format!(
                "`{}` and `{}` both have the constant `{}`",
                first.member, field.member, field.constant
            ))
            .help("name one of them: `#[colmig(constant = \"…\")]`");
        mistakes.push(Mistake::new(field.member.span(), problem));
    }
}

/// Two fields cannot stand for one column. SQLite does not tell names apart by case.
fn duplicates(fields: &[Read], mistakes: &mut Vec<Mistake>) {
    for (index, field) in fields.iter().enumerate() {
        let name = &field.column.name;
        let same = |other: &&Read| other.column.name.eq_ignore_ascii_case(name);
        let Some(first) = fields[..index].iter().find(same) else { continue };
        let difference =
            if first.column.name == *name { "" } else { " to SQLite, which ignores case" };
        let problem = DUPLICATE
            .problem(format!(
                "`{}` and `{}` are both the column `{name}`{difference}",
                first.member, field.member
            ))
            .help("delete one, or give it another name: `#[colmig(column = \"…\")]`");
        mistakes.push(Mistake::new(field.member.span(), problem));
    }
}
