//! A file's text: its tables, and the modules that it declares in other files.

use proc_macro2::Span;
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Item, ItemMod, Lit, Meta};

use super::cfg::{self, Compiled, compiled};
use super::scan;
use super::{Declared, DeclaredEnum, Mistake, enumeration, table};
use crate::problem::SOURCE_UNREADABLE;

/// What one file declares. Tables that only tests compile are left out.
#[derive(Default)]
pub struct SourceFile {
    /// The tables, in the order of the file.
    pub tables: Vec<Declared>,
    /// The enums.
    pub enums: Vec<DeclaredEnum>,
    /// The modules that are in files of their own.
    pub modules: Vec<Module>,
    /// What is wrong with the tables and enums that are missing above.
    pub mistakes: Vec<Mistake>,
    /// The calls that take SQL, those in tests among them: a test meets the same columns. Only
    /// [`source_with_calls`] looks for them.
    #[cfg(feature = "locations")]
    pub calls: Vec<super::texts::Call>,
}

/// `mod name;`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// What `#[path = "…"]` says.
    pub path: Option<String>,
    /// The inline modules around it, outermost first: they are folders of its path.
    pub inline_parents: Vec<Parent>,
    /// Whether it, or a module around it, depends on `cfg`: then it can hold no table.
    pub conditional: bool,
    /// Whether it, or a module around it, is compiled for tests only: then no table is looked for in it.
    pub only_tests: bool,
}

/// `mod name { … }` around a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// Its name.
    pub name: String,
    /// What `#[path = "…"]` says.
    pub path: Option<String>,
}

/// Reads a file. The only failure is one of Rust's own syntax; other mistakes are in
/// [`SourceFile::mistakes`], and one table's hide no other table.
pub fn source(text: &str) -> Result<SourceFile, Mistake> {
    Ok(declared(text, syn::parse_file(text).map_err(not_rust)?))
}

/// Reads a file, and finds the calls in it that take SQL. The text is cut into tokens once for both.
#[cfg(feature = "locations")]
pub fn source_with_calls(text: &str) -> Result<SourceFile, Mistake> {
    let skipped = skipped(text);
    let tokens: proc_macro2::TokenStream =
        text[skipped..].parse().map_err(|error| not_rust(syn::Error::from(error)))?;
    let mut found = declared(text, syn::parse2(tokens.clone()).map_err(not_rust)?);
    found.calls = super::texts::walk(text, skipped, tokens);
    Ok(found)
}

/// Whether this is Rust, and nothing more: what the parser alone needs, for benchmarks to compare with.
#[cfg(feature = "locations")]
#[doc(hidden)]
pub fn is_rust(text: &str) -> bool {
    syn::parse_file(text).is_ok()
}

/// What stands before the first token and is none: a byte order mark, and the line `#!…` of a script.
#[cfg(feature = "locations")]
fn skipped(text: &str) -> usize {
    let rest = text.trim_start_matches('\u{feff}');
    let mark = text.len() - rest.len();
    let script = rest.strip_prefix("#!").filter(|rest| !rest.trim_start().starts_with('['));
    mark + script.map_or(0, |_| rest.find('\n').unwrap_or(rest.len()))
}

fn not_rust(error: syn::Error) -> Mistake {
    let problem = SOURCE_UNREADABLE.problem(format!("this is not Rust: {error}"));
    Mistake::new(error.span(), problem.help("`cargo check` says more about it"))
}

fn declared(text: &str, file: syn::File) -> SourceFile {
    // Bodies of functions are searched only where the word is in the file at all.
    let bodies = ["Table", "Enum"].iter().any(|word| text.contains(word));
    let mut walk = Walk { bodies, ..Walk::default() };
    walk.within(&file.attrs, |walk| walk.items(file.items));
    walk.found
}

#[derive(Default)]
struct Walk {
    found: SourceFile,
    bodies: bool,
    parents: Vec<Parent>,
    /// The `cfg`s around this place.
    conditions: Vec<Span>,
    /// Whether only tests compile this place: then modules are all that is of interest.
    in_tests: bool,
}

impl Walk {
    /// Goes into something with these attributes.
    fn within(&mut self, attrs: &[Attribute], inside: impl FnOnce(&mut Walk)) {
        match compiled(attrs) {
            Compiled::InTests => {
                let outside = std::mem::replace(&mut self.in_tests, true);
                inside(self);
                self.in_tests = outside;
            }
            Compiled::Always => inside(self),
            Compiled::Sometimes(span) => {
                self.conditions.push(span);
                inside(self);
                self.conditions.pop();
            }
        }
    }

    fn items(&mut self, items: Vec<Item>) {
        for item in items {
            match item {
                Item::Mod(item) => self.module(item),
                _ if self.in_tests => {}
                Item::Struct(item) => self.item(item.into()),
                Item::Enum(item) => self.item(item.into()),
                Item::Union(item) => self.item(item.into()),
                // What a macro makes of its tokens is known to rustc alone.
                Item::Macro(_) => {}
                other if self.bodies => self.body(&other),
                _ => {}
            }
        }
    }

    fn item(&mut self, item: DeriveInput) {
        let conditional = !self.conditions.is_empty();
        match compiled(&item.attrs) {
            Compiled::InTests => {}
            Compiled::Always | Compiled::Sometimes(_) => self.derived(&item, conditional),
        }
    }

    /// A table or an enum, if it derives one.
    fn derived(&mut self, item: &DeriveInput, conditional: bool) {
        let (is_table, is_enum) = (derives_table(&item.attrs), derives_enum(item));
        if conditional && (is_table || is_enum) {
            self.found.mistakes.push(Mistake::new(item.ident.span(), cfg::problem()));
        }
        if is_table {
            match table(item) {
                Ok(_) if conditional => {}
                Ok(declared) => self.found.tables.push(declared),
                Err(mistakes) => self.found.mistakes.extend(mistakes),
            }
        }
        if is_enum {
            match enumeration(item) {
                Ok(_) if conditional => {}
                Ok(declared) => self.found.enums.push(declared),
                Err(mistakes) => self.found.mistakes.extend(mistakes),
            }
        }
    }

    fn module(&mut self, item: ItemMod) {
        let (name, path) = (syn::ext::IdentExt::unraw(&item.ident).to_string(), path(&item.attrs));
        let by_attribute = item.attrs.iter().any(|attr| attr.path().is_ident("cfg_attr"));
        self.within(&item.attrs, |walk| match item.content {
            None => {
                let conditional = by_attribute || !walk.conditions.is_empty();
                let inline_parents = walk.parents.clone();
                let only_tests = walk.in_tests;
                let module = Module { name, path, inline_parents, conditional, only_tests };
                walk.found.modules.push(module);
            }
            Some((_, items)) => {
                walk.parents.push(Parent { name, path });
                walk.items(items);
                walk.parents.pop();
            }
        });
    }

    /// Tables and enums inside functions, methods, constants.
    fn body(&mut self, item: &Item) {
        scan::items(
            item.to_token_stream(),
            !self.conditions.is_empty(),
            &mut |item, conditional| self.derived(item, conditional),
        );
    }
}

/// Whether one of the derives is `Table`, by its last segment.
fn derives_table(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| {
        let mut found = cfg::derives_table_sometimes(attr);
        if attr.path().is_ident("derive") {
            // rustc reports a derive list that is none.
            let _ = attr.parse_nested_meta(|derive| {
                found |= derive.path.segments.last().is_some_and(|last| last.ident == "Table");
                Ok(())
            });
        }
        found
    })
}

/// Whether one of the derives is colmig's `Enum`. Others have derives of that name too: so one that is not called
/// by colmig's path counts only where a word of colmig stands above the enum or one of its variants.
fn derives_enum(item: &DeriveInput) -> bool {
    let has_words = |attrs: &[Attribute]| attrs.iter().any(|attr| attr.path().is_ident("colmig"));
    let says_words = has_words(&item.attrs)
        || match &item.data {
            Data::Enum(data) => data.variants.iter().any(|variant| has_words(&variant.attrs)),
            _ => false,
        };
    let mut found = false;
    for attr in item.attrs.iter().filter(|attr| attr.path().is_ident("derive")) {
        // rustc reports a derive list that is none.
        let _ = attr.parse_nested_meta(|derive| {
            let mut last = derive.path.segments.iter().rev();
            let is_enum = last.next().is_some_and(|last| last.ident == "Enum");
            let is_ours = last.next().is_some_and(|before| before.ident == "colmig");
            found |= is_enum && (is_ours || says_words);
            Ok(())
        });
    }
    found
}

/// The text of `#[path = "…"]`.
fn path(attrs: &[Attribute]) -> Option<String> {
    attrs.iter().find_map(|attr| match &attr.meta {
        Meta::NameValue(meta) if meta.path.is_ident("path") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}
