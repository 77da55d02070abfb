//! The code of a table. It names everything by its full path, so that nothing in scope can change it,
//! and needs no lint to be allowed.

use std::collections::BTreeSet;
use std::path::Path;

use colmig_core::ident::quoted_for;
use colmig_core::lifecycle::{Access, Nullability, Stand, State};
use colmig_core::parse::{Codec, Declared, Field, Flattened};
use colmig_core::problem::{GRAMMAR, STATE_AGAINST_TYPE};
use colmig_core::schema::Column;
use colmig_core::types::{ColumnType, Database, PerDatabase};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::lock::Surroundings;

/// All that a table needs: its traits, its columns' constants, its entry in the register, and the tie to
/// the lock file.
pub(crate) fn table(declared: &Declared, surroundings: &Surroundings) -> TokenStream {
    let table = table_impl(declared, surroundings);
    let abilities = abilities(declared);
    let constants = constants(declared);
    let bind = bind_impl(declared);
    let aliases = aliases(declared);
    let (ident, colmig) = (own(&declared.ident), &declared.crate_path);
    let watch = watch(surroundings);
    // Outside of the block, so that rustc calls them by the struct's own name.
    quote! {
        #constants
        const _: () = {
            #table
            #abilities
            #bind
            #aliases
            #colmig::__private::inventory::submit! {
                #colmig::__private::Linked(<#ident as #colmig::Table>::TABLE)
            }
            #watch
        };
    }
}

/// The tie to the lock file: an edit of it compiles the package again.
pub(crate) fn watch(surroundings: &Surroundings) -> Option<TokenStream> {
    let file = surroundings.file.as_deref().and_then(Path::to_str)?;
    // Its length only: the text itself would go into the crate's metadata, once an item.
    Some(quote! {
        const _: ::core::primitive::usize = <[::core::primitive::u8]>::len(::core::include_bytes!(#file));
    })
}

fn table_impl(declared: &Declared, surroundings: &Surroundings) -> TokenStream {
    let (ident, colmig) = (own(&declared.ident), &declared.crate_path);
    let info = info(declared, surroundings);
    let (columns, select) = lists(declared, surroundings);
    let is_unset = is_unset(declared);
    quote! {
        #[automatically_derived]
        impl #colmig::Table for #ident {
            const TABLE: &'static #colmig::__private::TableInfo = #info;
            const COLUMNS: &'static ::core::primitive::str = #columns;
            const SELECT: &'static ::core::primitive::str = #select;
            #is_unset
        }
    }
}

/// What may be done with the rows: a struct that does not name all columns is not inserted, one that does
/// not name the key is not updated.
fn abilities(declared: &Declared) -> TokenStream {
    let (ident, colmig, table) = (own(&declared.ident), &declared.crate_path, &declared.table);
    let insertable = (table.access == Access::Writer).then(|| {
        quote! {
            #[automatically_derived]
            impl #colmig::Insertable for #ident {}
        }
    });
    let is_updatable = table.access != Access::ReadOnly && !table.primary_key.is_empty();
    let updatable = is_updatable.then(|| {
        quote! {
            #[automatically_derived]
            impl #colmig::Updatable for #ident {}
        }
    });
    quote! { #insertable #updatable }
}

fn info(declared: &Declared, surroundings: &Surroundings) -> TokenStream {
    let (table, colmig) = (&declared.table, &declared.crate_path);
    let lock = surroundings.lock.as_deref();
    let recorded = lock.and_then(|lock| lock.schema.table(&table.name));
    let (project, head) = lock.map_or(("", ""), |lock| (&lock.project, lock.head()));
    let born = recorded.map_or("", |recorded| &recorded.born);
    let columns = declared.fields.iter().zip(&table.columns).map(|(field, column)| {
        let before = recorded.and_then(|recorded| recorded.column(&column.name));
        column_info(declared, field, column, before.map_or("", |before| &before.born))
    });
    let columns = with_flattened(declared, quote! { &[#(#columns),*] });
    let constraints = table.constraints.iter().map(|one| {
        let before = recorded.and_then(|recorded| recorded.constraint(&one.name));
        let (name, stand, born) =
            (&one.name, stand(one.stand()), before.map_or("", |old| &old.born));
        quote! {
            #colmig::__private::ConstraintInfo {
                name: #name,
                stand: #colmig::__private::Stand::#stand,
                born: #born,
            }
        }
    });
    let (name, package, key) = (&table.name, &surroundings.package, &table.primary_key);
    let owner = &table.owner;
    let rust = format!("::{}", declared.ident.unraw());
    let access = access(table.access);
    let enums = enums(declared);
    quote! {
        &#colmig::__private::TableInfo {
            name: #name,
            rust: ::core::concat!(::core::module_path!(), #rust),
            package: #package,
            access: #colmig::__private::Access::#access,
            owner: #owner,
            project: #project,
            head: #head,
            born: #born,
            columns: #columns,
            primary_key: &[#(#key),*],
            constraints: &[#(#constraints),*],
            enums: &[#(#enums),*],
        }
    }
}

/// The enums of the columns, each once. The compiler knows what an enum's type is called, and is asked whether
/// that is what the field says: `cargo colmig generate` has the field's word alone.
fn enums(declared: &Declared) -> Vec<TokenStream> {
    let colmig = &declared.crate_path;
    let mut seen = BTreeSet::new();
    let columns =
        declared.fields.iter().map(|field| (field, &declared.table.columns[field.column]));
    let enums = columns.filter_map(|(field, column)| Some((field, column.ty.enumeration()?)));
    let enums = enums
        .filter(|(field, name)| seen.insert((field.inner.to_token_stream().to_string(), *name)));
    let one = |(field, name): (&Field, &str)| {
        let inner = &field.inner;
        let message = GRAMMAR
            .problem(format!(
                "`{}` is an enum whose type has another name than `{name}` in the database",
                field.member
            ))
            .help("write the name that the enum has: `#[colmig(enum = \"…\")]` above the field")
            .to_string();
        quote_spanned! { inner.span() =>
            {
                const ENUM: &#colmig::__private::EnumInfo = <#inner as #colmig::EnumType>::ENUM;
                if !#colmig::__private::same(ENUM.name, #name) {
                    ::core::panic!("{}", #message)
                }
                ENUM
            }
        }
    };
    enums.map(one).collect()
}

/// The columns of the flattened structs stand behind the struct's own.
fn with_flattened(declared: &Declared, own: TokenStream) -> TokenStream {
    if declared.flattened.is_empty() {
        return own;
    }
    let colmig = &declared.crate_path;
    let inner = declared.flattened.iter().map(|inner| columns_of(declared, inner));
    quote! {
        {
            const PARTS: &[&[#colmig::__private::ColumnInfo]] = &[#own, #(#inner),*];
            const LENGTH: ::core::primitive::usize = {
                let (mut part, mut length) = (0, 0);
                while part < PARTS.len() {
                    length += PARTS[part].len();
                    part += 1;
                }
                length
            };
            const JOINED: [#colmig::__private::ColumnInfo; LENGTH] = #colmig::__private::join(PARTS);
            &JOINED
        }
    }
}

/// The columns of a flattened struct; a struct that is no table is reported at its own name.
fn columns_of(declared: &Declared, inner: &Flattened) -> TokenStream {
    let (colmig, ty) = (&declared.crate_path, &inner.ty);
    quote_spanned! { ty.span() => <#ty as #colmig::Table>::TABLE.columns }
}

fn column_info(declared: &Declared, field: &Field, column: &Column, born: &str) -> TokenStream {
    let colmig = &declared.crate_path;
    let (name, auto, inner) = (&column.name, column.is_made(), &field.inner);
    let stand = stand(column.stand());
    let derived = derived(declared, column);
    let held = match field.codec {
        Codec::Json | Codec::JsonOrNull => {
            quote! { #colmig::__private::sqlx::types::Json<#inner> }
        }
        Codec::Itself | Codec::Into(_) => quote! { #inner },
    };
    quote! {
        #colmig::__private::ColumnInfo {
            name: #name,
            stand: #colmig::__private::Stand::#stand,
            born: #born,
            auto: #auto,
            derived: #derived,
            types: #colmig::__private::type_checks!(#held),
        }
    }
}

/// How a column that is not read follows from the ones that are.
fn derived(declared: &Declared, column: &Column) -> TokenStream {
    let colmig = &declared.crate_path;
    let Some((sources, expression)) = declared.table.derived(column) else {
        return quote! { ::core::option::Option::None };
    };
    let texts: Vec<(&str, String)> = match expression {
        PerDatabase::Nowhere => Vec::new(),
        PerDatabase::Everywhere(text) => {
            let postgres = (Database::Postgres.word(), column.typed(Database::Postgres, text));
            vec![postgres, ("", text.clone())]
        }
        PerDatabase::Each(texts) => {
            texts.iter().map(|(db, text)| (db.word(), column.typed(*db, text))).collect()
        }
    };
    let expressions = texts.iter().map(|(word, text)| quote! { (#word, #text) });
    quote! {
        ::core::option::Option::Some(&#colmig::__private::Derived {
            sources: &[#(#sources),*],
            expressions: &[#(#expressions),*],
        })
    }
}

fn access(access: Access) -> Ident {
    let variant = match access {
        Access::Writer => "Writer",
        Access::Partial => "Partial",
        Access::ReadOnly => "ReadOnly",
    };
    Ident::new(variant, Span::call_site())
}

pub(crate) fn stand(stand: Stand) -> Ident {
    format_ident!("{stand:?}")
}

/// A constant for each column, as visible as its field. What is deprecated warns where it is named.
fn constants(declared: &Declared) -> TokenStream {
    let (ident, colmig, table) = (own(&declared.ident), &declared.crate_path, &declared.table);
    let constants = declared.fields.iter().zip(&table.columns).map(|(field, column)| {
        let name = constant_name(field);
        let (visibility, value) = (&field.visibility, read_as(field));
        let state = column.state;
        let state = format_ident!("{state:?}");
        let (table_name, column_name, label) = (&table.name, &column.name, &field.label);
        let doc = format!("The column `{table_name}.{column_name}`.");
        let deprecated = (column.state == State::Deprecated).then(|| {
            let note = replaced_by(table.replacements(column_name));
            quote! { #[deprecated(note = #note)] }
        });
        quote! {
            #[doc = #doc]
            #deprecated
            #visibility const #name: #colmig::Column<#ident, #value, #colmig::state::#state> =
                #colmig::Column::new(#table_name, #column_name, #label);
        }
    });
    let names = declared.fields.iter().map(constant_name);
    let count = Literal::usize_unsuffixed(declared.fields.len());
    // Used once, so that one that the user does not use is no dead code: no lint has to be allowed, and none
    // that the user forbids stands in the way.
    quote! {
        #[automatically_derived]
        impl #ident {
            #(#constants)*
        }
        const _: [&::core::primitive::str; #count] = [#(#ident::#names.name()),*];
    }
}

fn constant_name(field: &Field) -> Ident {
    Ident::new(&field.constant, field.member.span().resolved_at(Span::call_site()))
}

/// What a reader of the column holds.
fn read_as(field: &Field) -> TokenStream {
    let (ty, inner) = (&field.ty, &field.inner);
    match (&field.codec, field.shape.nullability()) {
        (Codec::Itself, Nullability::Loose) => quote! { ::core::option::Option<#inner> },
        (Codec::Itself, _) => quote! { #inner },
        _ => quote! { #ty },
    }
}

fn replaced_by(replacements: Vec<&str>) -> String {
    if replacements.is_empty() {
        return "this column is on its way out, and nothing replaces it".to_owned();
    }
    let names: Vec<_> = replacements.iter().map(|name| format!("`{name}`")).collect();
    format!("this column is on its way out: use {} instead", names.join(" and "))
}

/// The columns that the code may read, under the names that `sqlx::FromRow` looks for, and the whole
/// `SELECT`. Each column carries its table's name: SQLite takes a lone `"name"` that no column has for text,
/// and would return that.
fn lists(declared: &Declared, surroundings: &Surroundings) -> (TokenStream, TokenStream) {
    let databases = surroundings.lock.as_ref().map_or(&[][..], |lock| &lock.databases);
    let quote = |name: &str| quoted_for(name, databases);
    let table = quote(&declared.table.name);
    let columns = declared.fields.iter().zip(&declared.table.columns).map(|(field, column)| {
        let (name, label) = (quote(&column.name), quote(&field.label));
        if column.state.facts().reads {
            format!("{table}.{name} AS {label}")
        } else {
            format!("NULL AS {label}")
        }
    });
    let columns = columns.collect::<Vec<_>>().join(", ");
    if declared.flattened.is_empty() {
        let select = format!("SELECT {columns} FROM {table}");
        return (quote! { #columns }, quote! { #select });
    }
    let colmig = &declared.crate_path;
    let inner = declared.flattened.iter().map(|Flattened { ty, .. }| {
        quote_spanned! { ty.span() => ", ", <#ty as #colmig::Table>::COLUMNS }
    });
    let inner = quote! { #(#inner),* };
    let from = format!(" FROM {table}");
    let list = joined(declared, quote! { #columns, #inner });
    let select = joined(declared, quote! { "SELECT ", #columns, #inner, #from });
    (list, select)
}

/// Texts that only the compiler knows, put together by it.
fn joined(declared: &Declared, parts: TokenStream) -> TokenStream {
    let private = &declared.crate_path;
    let private = quote! { #private::__private };
    quote! {
        {
            const PARTS: &[&::core::primitive::str] = &[#parts];
            const TEXT: #private::Text<{ #private::joined_length(PARTS) }> =
                #private::Text::joined(PARTS);
            TEXT.as_str()
        }
    }
}

/// Asking whether it has a value is what holds a field that may have none to its type: the trait has no
/// other, and its message points at the field's.
fn is_unset(declared: &Declared) -> TokenStream {
    let colmig = &declared.crate_path;
    let arms = declared.fields.iter().filter(|field| field.shape.may_be_unset()).map(|field| {
        let (index, member) = (index(field), own(&field.member));
        let asks =
            if field.shape.is_write_only() { "WriteOnlyField" } else { "RequiredOnWriteField" };
        let asks = Ident::new(asks, Span::call_site());
        let ask = quote_spanned! { field.ty.span() =>
            #colmig::__private::#asks::is_unset(&self.#member)
        };
        quote! { #index => #ask, }
    });
    let arms: Vec<_> = arms.collect();
    let rest = in_flattened(declared, |Flattened { member, ty }| {
        let member = own(member);
        quote_spanned! { ty.span() => <#ty as #colmig::Table>::is_unset(&self.#member, __index) }
    });
    let rest = rest.unwrap_or_else(|| quote! { false });
    let body = match arms.is_empty() {
        true => rest,
        false => quote! { match __index { #(#arms)* _ => #rest } },
    };
    let index = match arms.is_empty() && declared.flattened.is_empty() {
        true => quote! { _ },
        false => quote! { __index },
    };
    quote! {
        fn is_unset(&self, #index: ::core::primitive::usize) -> ::core::primitive::bool {
            #body
        }
    }
}

/// Asks the flattened struct in which a column beyond the struct's own lies; the last one is asked for what is
/// beyond all of them.
fn in_flattened(
    declared: &Declared,
    ask: impl Fn(&Flattened) -> TokenStream,
) -> Option<TokenStream> {
    let (last, others) = declared.flattened.split_last()?;
    let own_columns = Literal::usize_unsuffixed(declared.fields.len());
    let last = ask(last);
    let others = others.iter().map(|inner| {
        let (ask, columns) = (ask(inner), columns_of(declared, inner));
        quote! {
            let __length = #columns.len();
            if __index < __length {
                return #ask;
            }
            let __index = __index - __length;
        }
    });
    Some(quote! {
        {
            let __index = __index.wrapping_sub(#own_columns);
            #(#others)*
            #last
        }
    })
}

/// One implementation for every database that has a type for each field.
fn bind_impl(declared: &Declared) -> TokenStream {
    let (ident, colmig) = (own(&declared.ident), &declared.crate_path);
    let sqlx = quote! { #colmig::__private::sqlx };
    let mut seen = BTreeSet::new();
    let bounds = declared.fields.iter().map(|field| written_as(declared, field));
    let bounds = bounds.filter(|held| seen.insert(held.to_string())).map(|held| {
        quote! { for<'__q> #held: #sqlx::Encode<'__q, __DB> + #sqlx::Type<__DB>, }
    });
    let flattened = declared.flattened.iter().map(|inner| {
        let ty = &inner.ty;
        quote! { #ty: #colmig::__private::BindFlattened<__DB>, }
    });
    let arms = declared.fields.iter().map(|field| {
        let (index, value) = (index(field), value(declared, field));
        quote! { #index => #sqlx::Arguments::add(__arguments, #value), }
    });
    let rest = in_flattened(declared, |Flattened { member, .. }| {
        let member = own(member);
        quote! {
            #colmig::__private::BindFlattened::<__DB>::bind_flattened(&self.#member, __index, __arguments)
        }
    });
    let rest = rest.unwrap_or_else(|| {
        quote! { ::core::unreachable!("statements are made from the columns of this table") }
    });
    quote! {
        #[automatically_derived]
        impl<__DB: #sqlx::Database> #colmig::Bind<__DB> for #ident
        where
            #(#bounds)*
            #(#flattened)*
        {
            fn bind(
                &self,
                __index: ::core::primitive::usize,
                __arguments: &mut <__DB as #sqlx::Database>::Arguments,
            ) -> ::core::result::Result<(), #sqlx::error::BoxDynError> {
                match __index {
                    #(#arms)*
                    _ => #rest,
                }
            }
        }
    }
}

/// The type as which a field's value is written.
fn written_as(declared: &Declared, field: &Field) -> TokenStream {
    let (colmig, ty, inner) = (&declared.crate_path, &field.ty, &field.inner);
    let json = quote! { #colmig::__private::sqlx::types::Json };
    match &field.codec {
        Codec::Itself => quote! { #ty },
        Codec::Json => quote! { #json<&'__q #ty> },
        Codec::JsonOrNull => quote! { ::core::option::Option<#json<&'__q #inner>> },
        Codec::Into(held) => quote! { #held },
    }
}

/// The value that is written.
fn value(declared: &Declared, field: &Field) -> TokenStream {
    let (colmig, member) = (&declared.crate_path, own(&field.member));
    let json = quote! { #colmig::__private::sqlx::types::Json };
    match &field.codec {
        Codec::Itself => quote! { &self.#member },
        Codec::Json => quote! { #json(&self.#member) },
        Codec::JsonOrNull => {
            quote! { ::core::option::Option::map(::core::option::Option::as_ref(&self.#member), #json) }
        }
        Codec::Into(held) => quote_spanned! { field.ty.span() =>
            #colmig::__private::Converted::<#held>::held(&self.#member)
        },
    }
}

/// A type whose name says nothing may be an alias of `Option`, which the derive and the command line took
/// for a required column. Only the compiler can tell, so it is asked: for the types that the type table
/// does not know, and no other.
fn aliases(declared: &Declared) -> TokenStream {
    let colmig = &declared.crate_path;
    let is_unknown = |field: &&Field| {
        let is_said = matches!(declared.table.columns[field.column].ty, ColumnType::Sql(_));
        is_said && matches!(field.codec, Codec::Itself | Codec::Into(_))
    };
    declared
        .fields
        .iter()
        .filter(is_unknown)
        .map(|field| {
            let inner = &field.inner;
            let arms = ["Option", "RequiredOnWrite", "WriteOnly"].map(|wrapper| {
                let (message, wrapper) =
                    (hidden(field, wrapper), Ident::new(wrapper, Span::call_site()));
                let panic = quote_spanned! { inner.span() => ::core::panic!("{}", #message) };
                quote! { #colmig::__private::Wrapper::#wrapper => #panic, }
            });
            quote! {
                const _: () = {
                    use #colmig::__private::Unwrapped as _;
                    match #colmig::__private::Probe::<#inner>::WRAPPER {
                        #colmig::__private::Wrapper::None => {}
                        #(#arms)*
                    }
                };
            }
        })
        .collect()
}

fn hidden(field: &Field, wrapper: &str) -> String {
    let article = if wrapper == "Option" { "an" } else { "a" };
    let alias = field.inner.to_token_stream().to_string().replace(' ', "");
    STATE_AGAINST_TYPE
        .problem(format!("`{}` has the type `{alias}`, which hides {article} `{wrapper}`", field.member))
        .help(format!("write `{wrapper}<…>` here: `cargo colmig generate` reads the source without resolving names"))
        .to_string()
}

/// The name of a field or struct as the derive's own token: at the user's place, so that errors are
/// shown there, and without the user's context, so that a `#[deprecated]` above it is not reported as if
/// the user had used it.
pub(crate) fn own(name: &Ident) -> Ident {
    let mut own = name.clone();
    own.set_span(name.span().resolved_at(Span::call_site()));
    own
}

fn index(field: &Field) -> Literal {
    Literal::usize_unsuffixed(field.column)
}
