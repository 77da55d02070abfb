//! The grammar as tables: every mistake with its token, which the source marks with `«…»`, and what
//! valid programs mean.

use super::*;
use crate::lifecycle::{Access, State};
use crate::lock::Lock;
use crate::problem::*;
use crate::schema::{Column, Table};
use crate::types::{ColumnType, Database, PerDatabase};

/// A source without its marks, and the text between each pair with its place.
fn unmarked(marked: &str) -> (String, Vec<(usize, String)>) {
    let (mut text, mut marks) = (String::new(), Vec::new());
    for part in marked.split('«') {
        match part.split_once('»') {
            Some((token, rest)) => {
                marks.push((text.len(), token.to_owned()));
                text.push_str(token);
                text.push_str(rest);
            }
            None => text.push_str(part),
        }
    }
    (text, marks)
}

/// The mistakes of a marked source are at its marks, with these codes, and say these words.
fn expect(marked: &str, expected: &[(&'static Code, &str)]) {
    let (text, marks) = unmarked(marked);
    let file = source(&text).unwrap_or_else(|m| panic!("{}\n{text}", m.problem));
    let shown: Vec<_> = file.mistakes.iter().map(|m| m.problem.to_string()).collect();
    let shown = format!("{text}\n\n{}", shown.join("\n"));
    let mut found: Vec<_> = file.mistakes.iter().collect();
    found.sort_by_key(|mistake| Location::of(mistake.span).bytes.start);
    assert_eq!(found.len(), expected.len(), "{shown}");
    assert_eq!(marks.len(), expected.len(), "marks: {shown}");
    for ((mistake, (code, words)), (start, token)) in found.iter().zip(expected).zip(&marks) {
        assert_eq!(mistake.problem.code, *code, "{shown}");
        assert!(mistake.problem.to_string().contains(words), "`{words}` is missing: {shown}");
        assert!(!mistake.problem.help.is_empty(), "no remedy: {shown}");
        assert_eq!(&text[Location::of(mistake.span).bytes], token, "token: {shown}");
        assert_eq!(Location::of(mistake.span).bytes.start, *start, "place: {shown}");
    }
}

fn in_table(field: &str) -> String {
    format!("#[derive(Table)] struct T {{ #[colmig(primary_key)] id: i64, {field} }}")
}

fn declared(text: &str) -> Declared {
    let mut file = source(text).unwrap_or_else(|m| panic!("{}", m.problem));
    let shown: Vec<_> = file.mistakes.iter().map(|m| m.problem.to_string()).collect();
    assert!(shown.is_empty(), "{text}\n{}", shown.join("\n"));
    file.tables.remove(0)
}

/// The column of a valid field.
fn column(field: &str) -> Column {
    declared(&in_table(field)).table.columns.remove(1)
}

/// One mistake in one field.
#[test]
fn a_wrong_field_is_one_mistake_at_its_token() {
    let cases: &[(&str, &'static Code, &str)] = &[
        // Words.
        ("#[colmig(«indx»)] a: i64", GRAMMAR, "the words here are `primary_key`, `auto`, `column`"),
        (
            "#[colmig(«table» = \"x\")] a: i64",
            GRAMMAR,
            "move it: `#[colmig(table = \"users\")]` above a struct",
        ),
        ("#[colmig(«\"auto\"»)] a: i64", GRAMMAR, "a word of colmig should stand here"),
        ("#[colmig(«,» column = \"b\")] a: i64", GRAMMAR, "a word of colmig should stand here"),
        ("#[colmig(column = \"b\", «column» = \"c\")] a: i64", GRAMMAR, "said twice"),
        ("#[colmig(column = \"b\")] #[colmig(«column» = \"c\")] a: i64", GRAMMAR, "said twice"),
        ("#[«colmig»] a: i64", GRAMMAR, "`#[colmig(primary_key)]`"),
        ("#[«colmig» = \"a\"] a: i64", GRAMMAR, "takes a list of words"),
        (
            "#[colmig(«ading», backfill = \"0\")] a: WriteOnly<i64>",
            GRAMMAR,
            "colmig knows no `ading` above a field; did you mean `adding`?",
        ),
        (
            "#[colmig(adding, «backfil» = \"0\")] a: WriteOnly<i64>",
            GRAMMAR,
            "did you mean `backfill`?",
        ),
        ("#[colmig(«typ» = \"money\")] a: Money", GRAMMAR, "did you mean `type`?"),
        ("#[colmig(«nullable»)] a: i64", GRAMMAR, "colmig knows no `nullable` above a field ["),
        // Shapes.
        ("#[colmig(«auto» = true)] a: i64", GRAMMAR, "`auto` takes no value"),
        ("#[colmig(«default» = 0)] a: i64", GRAMMAR, "write `default = \"0\"`, or by database"),
        ("#[colmig(«default»)] a: i64", GRAMMAR, "takes a text"),
        ("#[colmig(«column»(\"b\"))] a: i64", GRAMMAR, "write `column = \"email\"`"),
        ("#[colmig(«type»())] a: i64", GRAMMAR, "takes a text"),
        ("#[colmig(«type» = text)] a: Money", GRAMMAR, "write `type = \"citext\"`"),
        ("#[colmig(type(«oracle» = \"int\"))] a: Money", GRAMMAR, "`oracle` is no database"),
        (
            "#[colmig(type(sqlite = \"a\", «sqlite» = \"b\"))] a: Money",
            GRAMMAR,
            "`sqlite` is said twice",
        ),
        ("#[colmig(«type»(sqlite))] a: Money", GRAMMAR, "by database: `type(postgres"),
        ("#[colmig(type = «\"\"»)] a: Money", GRAMMAR, "`type` is empty"),
        ("#[colmig(default = «\" \"»)] a: i64", GRAMMAR, "`default` is empty"),
        (
            "#[colmig(adding, backfill(sqlite = «\"\"»))] a: WriteOnly<i64>",
            GRAMMAR,
            "`backfill` is empty",
        ),
        // Contradictions.
        (
            "#[colmig(adding, «deprecated», backfill = \"0\")] a: WriteOnly<i64>",
            GRAMMAR,
            "on its way in",
        ),
        (
            "#[colmig(primary_key, «adding», backfill = \"0\")] a: WriteOnly<i64>",
            GRAMMAR,
            "write `a: i64`",
        ),
        ("#[colmig(primary_key, «deprecated»)] a: WriteOnly<i64>", GRAMMAR, "keep `a: i64`"),
        ("#[colmig(«auto», adding, backfill = \"0\")] a: WriteOnly<i64>", GRAMMAR, "delete `auto`"),
        (
            "#[colmig(default = \"0\", «adding»)] pub a: WriteOnly<i64>",
            GRAMMAR,
            "write `pub a: i64`",
        ),
        // States against types.
        (
            "#[colmig(adding, backfill = \"0\")] pub a: «i64»",
            STATE_AGAINST_TYPE,
            "write `pub a: WriteOnly<i64>`",
        ),
        (
            "#[colmig(deprecated)] pub(crate) a: «Option<i64>»",
            STATE_AGAINST_TYPE,
            "write `pub(crate) a: WriteOnly<Option<i64>>`",
        ),
        (
            "#[colmig(deprecated)] a: «DateTime<Utc>»",
            STATE_AGAINST_TYPE,
            "write `a: WriteOnly<DateTime<Utc>>`",
        ),
        (
            "#[colmig(deprecated, type = \"text\")] a: «Handle»",
            STATE_AGAINST_TYPE,
            "if `Handle` is an alias of a `WriteOnly`, write that out",
        ),
        ("a: «WriteOnly<i64>»", STATE_AGAINST_TYPE, "if the code reads it, write `a: i64`"),
        ("a: «WriteOnly<Option<i64>>»", STATE_AGAINST_TYPE, "write `a: Option<i64>`"),
        ("#[colmig(adding)] a: «Option<i64>»", STATE_AGAINST_TYPE, "write `a: Option<i64>` alone"),
        ("#[colmig(«adding»)] a: WriteOnly<i64>", STATE_AGAINST_TYPE, "what existing rows get"),
        (
            "#[colmig(adding)] a: «WriteOnly<Option<i64>>»",
            STATE_AGAINST_TYPE,
            "write `a: Option<i64>` alone",
        ),
        (
            "#[colmig(«backfill» = \"0\")] a: Option<i64>",
            GRAMMAR,
            "`#[colmig(adding, backfill = \"…\")] a: WriteOnly<Option<i64>>`",
        ),
        ("a: «Option<WriteOnly<i64>>»", STATE_AGAINST_TYPE, "write `WriteOnly<Option<i64>>`"),
        ("a: «Option<Option<i64>>»", STATE_AGAINST_TYPE, "write `Option<i64>`"),
        (
            "#[colmig(deprecated)] a: «WriteOnly<WriteOnly<i64>>»",
            STATE_AGAINST_TYPE,
            "write `WriteOnly<i64>`",
        ),
        (
            "#[colmig(deprecated)] a: «RequiredOnWrite<i64>»",
            STATE_AGAINST_TYPE,
            "write `a: WriteOnly<i64>`",
        ),
        ("a: «Option<RequiredOnWrite<i64>>»", STATE_AGAINST_TYPE, "write `Option<i64>`"),
        (
            "a: «RequiredOnWrite<RequiredOnWrite<i64>>»",
            STATE_AGAINST_TYPE,
            "`RequiredOnWrite<i64>`",
        ),
        ("#[colmig(«primary_key»)] a: RequiredOnWrite<i64>", STATE_AGAINST_TYPE, "write `a: i64`"),
        // Replacements.
        (
            "b: i64, #[colmig(adding, «replaces»(b))] a: WriteOnly<i64>",
            GRAMMAR,
            "nothing says how `a` is computed",
        ),
        (
            "#[colmig(adding, replaces(«b»), forward = \"c\")] a: WriteOnly<i64>",
            GRAMMAR,
            "there is no column `b`",
        ),
        ("#[colmig(replaces(«b»))] a: i64", GRAMMAR, "the replacement is done: delete `replaces`"),
        ("#[colmig(replaces(«a»))] a: i64", GRAMMAR, "`a` replaces itself"),
        ("b: i64, #[colmig(replaces(«b»))] a: i64", STATE_AGAINST_TYPE, "first the code reads `b`"),
        (
            "#[colmig(deprecated)] b: WriteOnly<i64>, #[colmig(adding, replaces(«b»), forward = \"b\")] a: WriteOnly<i64>",
            STATE_AGAINST_TYPE,
            "a release later, it reads `a`",
        ),
        (
            "#[colmig(adding, replaces(«id»), forward = \"id\")] a: WriteOnly<i64>",
            NOT_SUPPORTED,
            "`id` is of the primary key, and `a`, which replaces it, is not",
        ),
        (
            "#[colmig(primary_key, «replaces»(x, y), dual_write = \"trigger\")] a: i64",
            NOT_SUPPORTED,
            "takes the place of one column",
        ),
        (
            "#[colmig(primary_key, «replaces»(a), dual_write = \"trigger\")] a: i64",
            GRAMMAR,
            "`a` replaces itself",
        ),
        (
            "b: i64, #[colmig(primary_key, «replaces»(b), dual_write = \"trigger\")] a: i64",
            GRAMMAR,
            "delete the field of `b`",
        ),
        (
            "#[colmig(primary_key, «replaces»(x))] a: i64",
            NOT_SUPPORTED,
            "add `dual_write = \"trigger\"`",
        ),
        (
            "#[colmig(primary_key, replaces(x), «forward» = \"x + 1\", dual_write = \"trigger\")] a: i64",
            GRAMMAR,
            "delete `forward`",
        ),
        (
            "#[colmig(primary_key, replaces(x), «reverse» = \"a\", dual_write = \"trigger\")] a: i64",
            GRAMMAR,
            "delete `reverse`",
        ),
        (
            "b: i64, #[colmig(«auto», deprecated, replaces(b))] a: WriteOnly<i64>",
            GRAMMAR,
            "its values come from the columns that it replaces",
        ),
        ("#[colmig(«forward» = \"b\")] a: i64", GRAMMAR, "replaces nothing"),
        ("#[colmig(«dual_write» = \"trigger\")] a: i64", GRAMMAR, "replaces nothing"),
        (
            "b: i64, #[colmig(replaces(b), dual_write = «\"triggers\"»)] a: i64",
            GRAMMAR,
            "write `dual_write = \"trigger\"`",
        ),
        (
            "#[colmig(replaces(b), reverse = \"a\", «dual_write» = \"trigger\")] a: i64",
            GRAMMAR,
            "nothing says how it is computed",
        ),
        (
            "#[colmig(replaces(b), forward = \"b\", «dual_write» = \"trigger\")] a: i64",
            GRAMMAR,
            "a trigger fills `b` for older releases",
        ),
        (
            "#[colmig(replaces(b, c), forward = \"b\", reverse = \"a\", «dual_write» = \"trigger\")] a: i64",
            GRAMMAR,
            "`#[colmig(deprecated, reverse = \"…\")]` above `b`",
        ),
        (
            "b: i64, #[colmig(replaces(«b»), forward = \"b\", reverse = \"a\", dual_write = \"trigger\")] a: i64",
            STATE_AGAINST_TYPE,
            "delete the field of `b`",
        ),
        (
            "#[colmig(replaces(b), forward = \"b\", reverse = \"a\", dual_write = \"trigger\", «default» = \"0\")] a: i64",
            GRAMMAR,
            "it can be set once the replacement is done",
        ),
        (
            "b: i64, #[colmig(adding, «backfill» = \"b\", replaces(b), forward = \"b\")] a: WriteOnly<i64>",
            GRAMMAR,
            "what `forward` computes",
        ),
        ("#[colmig(«replaces»)] a: i64", GRAMMAR, "takes a list of columns"),
        // What the database computes.
        ("#[colmig(generated = \"1\", «adding»)] a: WriteOnly<i64>", GRAMMAR, "write `a: i64`"),
        (
            "#[colmig(generated = \"1\", «deprecated»)] a: WriteOnly<i64>",
            GRAMMAR,
            "delete the field",
        ),
        ("#[colmig(generated = \"1\", «auto»)] a: i64", GRAMMAR, "either one makes the value"),
        ("#[colmig(generated = \"1\", «default» = \"1\")] a: i64", GRAMMAR, "either one makes"),
        ("#[colmig(generated = «\"\"»)] a: i64", GRAMMAR, "`generated` is empty"),
        // Guards.
        ("#[colmig(«unique» = true)] a: i64", GRAMMAR, "write `unique`"),
        ("#[colmig(«unique»(b))] a: i64", GRAMMAR, "above a struct, it is `unique(tenant, email)`"),
        ("#[colmig(«check»)] a: i64", GRAMMAR, "write `check = \"total > 0\"`"),
        ("#[colmig(check = «\"\"»)] a: i64", GRAMMAR, "`check` is empty"),
        ("#[colmig(«check»(adding))] a: i64", GRAMMAR, "write `check = \"total > 0\"`"),
        ("#[colmig(check(«oracle» = \"a\"))] a: i64", GRAMMAR, "`oracle` is no database"),
        ("#[colmig(«references»(orgs))] a: i64", GRAMMAR, "write `references(orgs.id"),
        ("#[colmig(«references» = \"orgs.id\")] a: i64", GRAMMAR, "write `references(orgs.id"),
        (
            "#[colmig(references(orgs.id, on_delete = «\"explode\"»))] a: i64",
            GRAMMAR,
            "write one of `\"cascade\"`",
        ),
        ("#[colmig(«index»(adding))] a: i64", GRAMMAR, "an index has no life"),
        ("#[colmig(index(«upwards»))] a: i64", GRAMMAR, "write `desc` for downwards"),
        ("#[colmig(unique(name = «\"sqlite_a\"»))] a: i64", IDENTIFIER, "reserved prefix"),
        (
            "#[colmig(unique(name = \"x\"))] b: i64, #[colmig(«unique»(name = \"x\"))] a: i64",
            DUPLICATE,
            "have the name `x`",
        ),
        // Constants.
        ("#[colmig(constant = «\"a b\"»)] a: i64", GRAMMAR, "`a b` cannot name a constant"),
        ("#[colmig(constant = \"A\")] b: i64, «a»: i64", DUPLICATE, "both have the constant `A`"),
        // Expressions where they mean nothing.
        (
            "#[colmig(«backfill» = \"0\")] a: i64",
            GRAMMAR,
            "`#[colmig(adding, backfill = \"…\")] a: WriteOnly<i64>`",
        ),
        ("#[colmig(«backfill» = \"0\")] a: Option<i64>", GRAMMAR, "existing rows stay NULL"),
        (
            "#[colmig(deprecated, «backfill» = \"0\")] a: WriteOnly<i64>",
            GRAMMAR,
            "said by `reverse`",
        ),
        ("#[colmig(«reverse» = \"0\")] a: i64", GRAMMAR, "nothing is undone"),
        (
            "#[colmig(adding, backfill = \"0\", «reverse» = \"0\")] a: WriteOnly<i64>",
            GRAMMAR,
            "nothing is undone",
        ),
        // Types.
        (
            "a: «Money»",
            UNKNOWN_TYPE,
            "add the type's name in the database: `#[colmig(type = \"…\")]`",
        ),
        ("a: Option<«my::Money»>", UNKNOWN_TYPE, "no SQL type for `my::Money`"),
        ("a: «HashMap<String, i64>»", UNKNOWN_TYPE, "known are `bool`, `i16`"),
        ("a: «Vec<Money>»", UNKNOWN_TYPE, "known are `bool`, `i16`, `i32`"),
        ("a: «Strng»", UNKNOWN_TYPE, "no SQL type for `Strng`; did you mean `String`?"),
        ("a: «u128»", UNKNOWN_TYPE, "use `i64`"),
        ("a: «&'static str»", UNKNOWN_TYPE, "no SQL type for `&'static str`"),
        // Keys.
        ("#[colmig(«primary_key»)] a: Option<i64>", STATE_AGAINST_TYPE, "write `a: i64`"),
        ("#[colmig(«auto»)] a: i64", GRAMMAR, "it has no default"),
        ("#[colmig(primary_key, auto)] a: «Money»", UNKNOWN_TYPE, "no SQL type"),
        ("#[colmig(«auto»)] a: String", GRAMMAR, "not the whole primary key"),
        // Names.
        ("#[colmig(column = «\"_colmig_x\"»)] a: i64", IDENTIFIER, "reserved prefix"),
        ("#[colmig(column = «\"\"»)] a: i64", IDENTIFIER, "a name is empty"),
        ("#[sqlx(rename = «\"sqlite_a\"»)] a: i64", IDENTIFIER, "reserved prefix"),
        ("«_colmig»: i64", IDENTIFIER, "reserved prefix"),
        // sqlx.
        ("#[sqlx(flatten)] #[colmig(«auto»)] a: Inner", GRAMMAR, "is a struct of columns"),
        ("#[sqlx(json(nullable))] a: «Tags»", GRAMMAR, "write `json`, or the type `Option<Tags>`"),
        (
            "#[sqlx(json)] #[colmig(adding, backfill = \"'[]'\")] a: «Tags»",
            STATE_AGAINST_TYPE,
            "write `a: WriteOnly<sqlx::types::Json<Tags>>`",
        ),
        (
            "#[sqlx(json)] #[colmig(adding, backfill = \"'[]'\")] a: «WriteOnly<Tags>»",
            GRAMMAR,
            "write `WriteOnly<sqlx::types::Json<Tags>>`, without `json`",
        ),
        (
            "#[sqlx(try_from = \"i64\")] #[colmig(deprecated)] a: «WriteOnly<Age>»",
            GRAMMAR,
            "write `WriteOnly<i64>`, without `try_from`",
        ),
        ("#[sqlx(«try_from» = \"i64\", json)] a: Age", GRAMMAR, "say two things of one field"),
        ("#[sqlx(try_from = «\"Money\"»)] a: Age", UNKNOWN_TYPE, "no SQL type for `Money`"),
        ("#[sqlx(skip)] #[colmig(«auto»)] a: i64", GRAMMAR, "delete `#[sqlx(skip)]`"),
        // Conditions.
        ("#[«cfg»(unix)] a: i64", NOT_A_TABLE, "cannot depend on `cfg`"),
        ("#[«cfg»(test)] a: i64", NOT_A_TABLE, "cannot depend on `cfg`"),
        ("#[«cfg_attr»(unix, colmig(auto))] a: i64", NOT_A_TABLE, "cannot depend on `cfg`"),
        ("#[«cfg_attr»(unix, sqlx(rename = \"b\"))] a: i64", NOT_A_TABLE, "cannot depend on `cfg`"),
    ];
    for (field, code, words) in cases {
        expect(&in_table(field), &[(code, words)]);
    }
}

#[test]
fn a_word_of_a_later_version_is_refused_with_what_to_do_until_then() {
    for row in word::WORDS.iter().filter(|row| row.form == word::Form::Later) {
        let example = row.example.replacen(row.word, &format!("«{}»", row.word), 1);
        let marked = match row.place {
            word::Place::Field => in_table(&format!("#[colmig({example})] a: i64")),
            word::Place::Struct => format!(
                "#[derive(Table)] #[colmig({example})] struct T {{ #[colmig(primary_key)] id: i64 }}"
            ),
            word::Place::Enum | word::Place::Variant => panic!("no word of enums is later"),
        };
        expect(&marked, &[(NOT_SUPPORTED, row.meaning)]);
    }
    let application = "#[colmig(adding, backfill(«application»))] a: WriteOnly<i64>";
    expect(&in_table(application), &[(NOT_SUPPORTED, "as SQL")]);
}

#[test]
fn the_examples_of_this_version_are_understood() {
    let own = |place| {
        word::WORDS.iter().filter(move |row| row.place == place && row.form != word::Form::Later)
    };
    for row in own(word::Place::Field) {
        let field = match row.word {
            "adding" | "backfill" => {
                "#[colmig(adding, backfill = \"lower(email)\")] a: WriteOnly<String>".to_owned()
            }
            "deprecated" => "#[colmig(deprecated)] a: WriteOnly<String>".to_owned(),
            "reverse" => format!("#[colmig(deprecated, {})] a: WriteOnly<String>", row.example),
            "auto" => "#[colmig(auto, default = \"0\")] a: i64".to_owned(),
            "replaces" | "forward" | "dual_write" => "name: String,
                #[colmig(adding, replaces(name), forward = \"upper(name)\", reverse = \"lower(a)\", dual_write = \"trigger\")]
                a: WriteOnly<String>"
                .to_owned(),
            _ => format!("#[colmig({})] a: String", row.example),
        };
        column(&field);
    }
    for (place, row) in [word::Place::Enum, word::Place::Variant]
        .into_iter()
        .flat_map(|place| own(place).map(move |row| (place, row)))
    {
        let state = if row.word == "replace_with" { "adding, " } else { "" };
        let text = match place {
            word::Place::Enum => {
                format!("#[colmig({})] enum E {{ A, #[colmig(rename = \"sad\")] B }}", row.example)
            }
            _ => format!(
                "enum E {{ #[colmig({state}{})] A, #[colmig(rename = \"sad\")] B }}",
                row.example
            ),
        };
        let file = source(&format!("#[derive(colmig::Enum)] {text}"))
            .unwrap_or_else(|m| panic!("{}", m.problem));
        assert!(file.mistakes.is_empty() && file.enums.len() == 1, "{text}");
    }
    for row in own(word::Place::Struct) {
        let rest = if row.word == "owner" { ", partial" } else { "" };
        let key = if row.word == "primary_key" { "" } else { ", primary_key(tenant, id)" };
        declared(&format!(
            "#[derive(Table)] #[colmig({}{key}{rest})] struct T {{ tenant: i64, id: i64, email: String, created: i64 }}",
            row.example
        ));
    }
}

/// Mistakes of whole structs.
#[test]
fn a_wrong_struct_is_one_mistake_at_its_token() {
    let key = "#[colmig(primary_key)] id: i64";
    let cases: &[(String, &'static Code, &str)] = &[
        ("«enum» E { A }".into(), NOT_A_TABLE, "an enum cannot be a table"),
        ("«union» U { a: i64 }".into(), NOT_A_TABLE, "a union cannot be a table"),
        ("struct «T»(i64);".into(), NOT_A_TABLE, "its columns have no names"),
        ("struct «T»;".into(), NOT_A_TABLE, "it has no columns"),
        ("struct T<«'a»> { a: &'a str }".into(), NOT_A_TABLE, "`String` for `&str`"),
        ("struct T<«X: Copy»> { a: X }".into(), NOT_A_TABLE, "write the types out"),
        ("struct T<«const N: usize»> { a: [u8; N] }".into(), NOT_A_TABLE, "no parameters"),
        ("struct T «where» i64: Copy { a: i64 }".into(), NOT_A_TABLE, "no parameters"),
        ("struct «T» { id: i64 }".into(), NO_KEY, "write `#[colmig(primary_key)]` above `id`"),
        ("struct «T» {}".into(), NO_KEY, "above a field"),
        (
            format!("#[colmig(«tabel» = \"t\")] struct T {{ {key} }}"),
            GRAMMAR,
            "`table`, `primary_key`",
        ),
        (format!("#[colmig(«auto»)] struct T {{ {key} }}"), GRAMMAR, "`auto` describes a field"),
        (
            format!("#[colmig(read_only, «partial»)] struct T {{ {key} }}"),
            GRAMMAR,
            "keep one of the two words",
        ),
        (
            format!("#[colmig(«owner» = \"shop\")] struct T {{ {key} }}"),
            GRAMMAR,
            "add `partial`, to read and update",
        ),
        (
            format!("#[colmig(unique(«di», id))] struct T {{ {key} }}"),
            GRAMMAR,
            "there is no column `di`; did you mean `id`?",
        ),
        (
            format!("#[colmig(unique(id, «ading»))] struct T {{ {key} }}"),
            GRAMMAR,
            "did you mean `adding`?",
        ),
        (
            format!("#[colmig(«unique»)] struct T {{ {key} }}"),
            GRAMMAR,
            "write `unique(tenant, email)`",
        ),
        (format!("#[colmig(«unique»(adding))] struct T {{ {key} }}"), GRAMMAR, "write `unique("),
        (format!("#[colmig(«check»(positive))] struct T {{ {key} }}"), GRAMMAR, "`check`"),
        (format!("#[colmig(check(positive = «\"\"»))] struct T {{ {key} }}"), GRAMMAR, "is empty"),
        (
            format!("#[colmig(index(«ident» desc))] struct T {{ {key} }}"),
            GRAMMAR,
            "no column `ident`",
        ),
        (
            format!("#[colmig(index(id «downwards»))] struct T {{ {key} }}"),
            GRAMMAR,
            "an index knows no order `downwards`",
        ),
        (
            format!("#[colmig(«index»(where = \"a\"))] struct T {{ {key} }}"),
            GRAMMAR,
            "write `index(",
        ),
        (
            format!("#[colmig(unique(id), «unique»(id))] struct T {{ {key} }}"),
            DUPLICATE,
            "have the name `t_id_key`",
        ),
        (format!("#[colmig(«read_only» = true)] struct T {{ {key} }}"), GRAMMAR, "takes no value"),
        (
            format!("#[colmig(«crate» = \"x\")] struct T {{ {key} }}"),
            GRAMMAR,
            "write `crate = my_crate::colmig`",
        ),
        (format!("#[colmig(table = «\"a.b\"»)] struct T {{ {key} }}"), IDENTIFIER, "search_path"),
        (
            format!("#[colmig(table = «\"_colmig_x\"»)] struct T {{ {key} }}"),
            IDENTIFIER,
            "reserved",
        ),
        (
            "#[colmig(«primary_key»)] struct T { id: i64 }".into(),
            GRAMMAR,
            "write `primary_key(tenant, id)`",
        ),
        ("#[colmig(«primary_key»())] struct T { id: i64 }".into(), GRAMMAR, "a list of columns"),
        (
            "#[colmig(primary_key(«ida»))] struct T { id: i64 }".into(),
            GRAMMAR,
            "the columns are `id`",
        ),
        (
            "#[colmig(primary_key(«a»))] struct T { #[colmig(column = \"id\")] a: i64 }".into(),
            GRAMMAR,
            "the field `a` is the column `id`",
        ),
        (
            "#[colmig(primary_key(id, «id»))] struct T { id: i64 }".into(),
            DUPLICATE,
            "names `id` twice",
        ),
        (
            "#[colmig(primary_key(«id»))] struct T { id: Option<i64> }".into(),
            STATE_AGAINST_TYPE,
            "write `id: i64`",
        ),
        (
            "#[colmig(primary_key(«id»))] struct T { #[colmig(deprecated)] id: WriteOnly<i64> }"
                .into(),
            GRAMMAR,
            "every statement reads the key",
        ),
        (
            "#[colmig(primary_key(id))] struct T { #[colmig(«primary_key»)] id: i64 }".into(),
            GRAMMAR,
            "said twice",
        ),
        (
            "#[sqlx(rename_all = «\"Snake\"»)] struct T { #[colmig(primary_key)] id: i64 }".into(),
            GRAMMAR,
            "`\"snake_case\"`",
        ),
        (
            format!("struct T {{ {key}, a: i64, #[colmig(column = \"a\")] «b»: i64 }}"),
            DUPLICATE,
            "are both the column `a`",
        ),
        (
            format!("struct T {{ {key}, a: i64, #[colmig(column = \"A\")] «b»: i64 }}"),
            DUPLICATE,
            "ignores case",
        ),
        (
            "struct T { #[colmig(primary_key)] a: i64, #[colmig(primary_key, «auto»)] b: i64 }"
                .into(),
            GRAMMAR,
            "not the whole primary key",
        ),
        (
            "struct T { #[colmig(primary_key, «auto»)] a: uuid::Uuid }".into(),
            GRAMMAR,
            "it is no `i16`, `i32` or `i64`",
        ),
        (format!("#[«cfg»(unix)] struct T {{ {key} }}"), NOT_A_TABLE, "cannot depend on `cfg`"),
        (
            format!("#[«cfg_attr»(unix, colmig(table = \"t\"))] struct T {{ {key} }}"),
            NOT_A_TABLE,
            "cannot depend on `cfg`",
        ),
        (
            format!("#[«cfg_attr»(unix, derive(colmig::Table))] struct T {{ {key} }}"),
            NOT_A_TABLE,
            "cannot depend on `cfg`",
        ),
        (
            format!("mod a {{ #![cfg(unix)] #[derive(Table)] struct «T» {{ {key} }} }} struct U;"),
            NOT_A_TABLE,
            "cannot depend on `cfg`",
        ),
        (
            format!(
                "fn f() {{ #[cfg(unix)] {{ #[derive(Table)] struct «T» {{ {key} }} }} }} struct U;"
            ),
            NOT_A_TABLE,
            "cannot depend on `cfg`",
        ),
    ];
    for (text, code, words) in cases {
        let derive = if text.contains("derive(") { "" } else { "#[derive(Table)] " };
        expect(&format!("{derive}{text}"), &[(code, words)]);
    }
}

#[test]
fn every_mistake_is_reported_at_once_and_hides_no_other_table() {
    let marked = "
        #[derive(Table)] #[colmig(«tabel» = \"a\")]
        struct A {
            #[colmig(primary_key, «atuo», «colum» = \"x\")] id: i64,
            #[colmig(adding, backfill = \"0\")] a: «i64»,
            b: «Money»,
            #[colmig(«default» = 0, «unique» = 1)] c: i64,
        }
        #[derive(Table)] struct Good { #[colmig(primary_key)] id: i64 }
        #[derive(Table)] struct «B» { id: i64 }";
    let codes =
        [GRAMMAR, GRAMMAR, GRAMMAR, STATE_AGAINST_TYPE, UNKNOWN_TYPE, GRAMMAR, GRAMMAR, NO_KEY];
    expect(marked, &codes.map(|code| (code, "")));
    let file = source(&unmarked(marked).0).unwrap_or_else(|m| panic!("{}", m.problem));
    assert_eq!(file.tables.iter().map(|t| t.table.name.as_str()).collect::<Vec<_>>(), ["good"]);
}

/// Half-written code is what an editor shows the derive all day.
#[test]
fn nothing_that_is_half_written_is_a_panic() {
    let whole = "#[derive(Table)] #[colmig(table = \"t\", primary_key(a, \"b\"), crate = x::y)] #[sqlx(rename_all = \"camelCase\")]
        struct T { #[colmig(type(postgres = \"a\", sqlite = \"b\"), column = \"a\")] a: x::Y<Z>,
        #[cfg(all(unix, any()))] #[colmig(adding, backfill = \"1\")] #[sqlx(rename = \"c\", json)] b: WriteOnly<Option<i64>> }";
    let letters: Vec<char> = whole.chars().collect();
    for cut in 0..letters.len() {
        for length in [1, 2, 5] {
            let kept = letters[..cut].iter().chain(letters.iter().skip(cut + length));
            let _ = source(&kept.collect::<String>());
        }
    }
}

#[test]
fn a_table_has_the_name_the_key_and_the_access_that_it_says() {
    let plain =
        declared("#[derive(Table)] struct HttpLog { #[colmig(primary_key, auto)] id: i64 }");
    assert_eq!((plain.table.name.as_str(), plain.table.access), ("http_log", Access::Writer));
    assert_eq!(plain.table.primary_key, ["id"]);
    assert!(plain.table.columns[0].auto && plain.table.columns[0].born.is_empty());
    let path = &plain.crate_path;
    assert_eq!(quote::quote!(#path).to_string(), ":: colmig");

    let said = declared(
        "#[derive(sqlx::FromRow, colmig::Table)]
         #[colmig(table = \"Orders\", primary_key(tenant, \"order no\"), read_only, crate = a::b)]
         struct Order { #[colmig(column = \"order no\")] number: i32, tenant: i64, }",
    );
    assert_eq!((said.table.name.as_str(), said.table.access), ("Orders", Access::ReadOnly));
    assert_eq!(said.table.primary_key, ["tenant", "order no"]);
    let path = &said.crate_path;
    assert_eq!(quote::quote!(#path).to_string(), "a :: b");

    let by_field = "#[derive(Table)] struct T { #[colmig(primary_key)] b: i64, c: i64, #[colmig(primary_key)] a: String }";
    assert_eq!(declared(by_field).table.primary_key, ["b", "a"]);
}

#[test]
fn a_field_has_the_shape_and_state_that_it_says() {
    let states = [
        ("a: i64", State::Active, false),
        ("a: Option<i64>", State::Active, true),
        ("a: std::option::Option<i64>", State::Active, true),
        ("#[colmig(adding, backfill = \"0\")] a: WriteOnly<i64>", State::Adding, false),
        ("#[colmig(deprecated)] a: colmig::WriteOnly<i64>", State::Deprecated, false),
        ("#[colmig(deprecated)] a: WriteOnly<Option<i64>>", State::Deprecated, true),
        ("#[colmig(deprecated, reverse = \"0\")] a: (WriteOnly<i64>)", State::Deprecated, false),
    ];
    for (field, state, optional) in states {
        let column = column(field);
        assert_eq!((column.state, column.optional()), (state, optional), "{field}");
        assert_eq!(column.ty, ColumnType::Known("int8".into()), "{field}");
    }
    let column = column(
        "#[colmig(deprecated, type(postgres = \"a\", sqlite = \"b\"), default = \"0\", reverse = \"c\")] a: WriteOnly<Money>",
    );
    let each = [(Database::Postgres, "a".to_owned()), (Database::Sqlite, "b".to_owned())];
    assert_eq!(column.ty, ColumnType::Sql(PerDatabase::Each(each.into())));
    assert_eq!(column.default, PerDatabase::Everywhere("0".into()));
    assert_eq!(column.reverse, PerDatabase::Everywhere("c".into()));
}

#[test]
fn types_are_known_by_their_last_segment() {
    let types = [
        ("chrono::DateTime<chrono::Utc>", "timestamptz"),
        ("::std::string::String", "text"),
        ("Box<str>", "text"),
        ("Vec<u8>", "bytes"),
        ("Box<[u8]>", "bytes"),
        ("sqlx::types::Uuid", "uuid"),
        ("Option<serde_json::Value>", "json"),
    ];
    for (ty, word) in types {
        assert_eq!(column(&format!("a: {ty}")).ty, ColumnType::Known(word.into()), "{ty}");
    }
}

#[test]
fn columns_are_named_as_sqlx_names_them_unless_colmig_says_otherwise() {
    let table = declared(
        "#[derive(Table)] #[sqlx(rename_all = \"camelCase\")]
         struct T {
            #[colmig(primary_key)] user_id: i64,
            r#type: i64,
            #[sqlx(rename = \"X\", default)] x: i64,
            #[colmig(column = \"own\")] of_mine: i64,
            #[sqlx(rename = \"label\")] #[colmig(column = \"stored\")] both: i64,
            #[sqlx(skip)] not_a_column: Money,
         }",
    );
    let names: Vec<_> = table.table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["userId", "type", "X", "own", "stored"]);
    let labels: Vec<_> = table.fields.iter().map(|field| field.label.as_str()).collect();
    assert_eq!(labels, ["userId", "type", "X", "ofMine", "label"]);
}

#[test]
fn attributes_of_others_may_be_conditional() {
    declared(
        "#[derive(Table)] #[cfg_attr(feature = \"serde\", derive(serde::Serialize), serde(untagged))]
         struct T { #[cfg_attr(feature = \"serde\", serde(skip))] #[colmig(primary_key)] id: i64 }",
    );
}

#[test]
fn tables_are_found_wherever_they_are_and_what_tests_compile_is_not() {
    let file = source(
        "mod a { pub mod b { #[derive(Table)] struct InModules { #[colmig(primary_key)] id: i64 } } }
         fn f() {
            let x = vec![1];
            if true { #[derive(Debug, Table)] #[colmig(table = \"in_body\")] struct B { #[colmig(primary_key)] id: i64 } }
            mod inner { fn g() { #[derive(Table)] struct InInner { #[colmig(primary_key)] id: i64 } } }
         }
         impl X { const Y: i64 = { #[derive(Table)] struct InConst { #[colmig(primary_key)] id: i64 } 0 }; }
         #[derive(Debug)] struct Other { id: i64 }
         macro_rules! m { () => { #[derive(Table)] struct $name { id: i64 } } }
         fn h() { m! { #[derive(Table)] struct InMacro { id: i64 } } }
         #[cfg(test)] mod tests { #[derive(Table)] struct InTests { id: i64 } }
         #[cfg(all(unix, test))] #[derive(Table)] struct InTests { id: i64 }
         #[cfg(any(test))] fn only() { #[derive(Table)] struct InTests { id: i64 } }
         fn i() { #[cfg(test)] fn j() { #[derive(Table)] struct InTests { id: i64 } } }
         #[tokio::test] async fn t() { #[derive(Table)] struct InTests { id: i64 } }",
    );
    let file = file.unwrap_or_else(|m| panic!("{}", m.problem));
    assert!(file.mistakes.is_empty());
    let names: Vec<_> = file.tables.iter().map(|table| table.table.name.as_str()).collect();
    assert_eq!(names, ["in_modules", "in_body", "in_inner", "in_const"]);
}

#[test]
fn modules_are_listed_with_what_is_needed_to_find_their_files() {
    let file = source(
        "mod plain;
         #[path = \"other.rs\"] pub mod moved;
         mod outer { #[path = \"deep\"] mod inner { mod leaf; } pub(crate) mod r#type; }
         #[cfg(unix)] mod sometimes;
         #[cfg(unix)] mod os { mod file; }
         #[cfg(test)] mod tests;",
    );
    let modules = file.unwrap_or_else(|m| panic!("{}", m.problem)).modules;
    let shown = modules.iter().map(|module| {
        let parents = module.inline_parents.iter().map(|parent| match &parent.path {
            Some(path) => format!("{}={path}/", parent.name),
            None => format!("{}/", parent.name),
        });
        let path = module.path.as_ref().map_or_else(String::new, |path| format!("={path}"));
        let conditional = if module.conditional { "?" } else { "" };
        let only_tests = if module.only_tests { "!" } else { "" };
        format!("{}{}{path}{conditional}{only_tests}", parents.collect::<String>(), module.name)
    });
    let expected = [
        "plain",
        "moved=other.rs",
        "outer/inner=deep/leaf",
        "outer/type",
        "sometimes?",
        "os/file?",
        "tests!",
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
}

#[test]
fn a_syntax_error_has_its_line_and_column() {
    let mistake = source("fn f() {}\n  struct é { a: }\n").err().expect("it is no Rust");
    assert_eq!(mistake.problem.code, SOURCE_UNREADABLE);
    let location = Location::of(mistake.span);
    assert_eq!((location.line, location.column, location.bytes), (2, 17, 27..28));
}

/// A lock file with the table `t` in which `a` is an active required integer.
fn lock(databases: &[Database]) -> Lock {
    let table = declared(&in_table("a: i64")).table;
    let columns = table.columns.into_iter().map(|c| Column { born: "0001".into(), ..c }).collect();
    let table = Table { columns, born: "0001".into(), ..table };
    let migrations =
        vec![crate::lock::Recorded { id: "0001_create_t".into(), hash: String::new() }];
    let schema = crate::schema::Schema::of(vec![table]);
    Lock { databases: databases.into(), migrations, schema, ..Lock::default() }
}

/// What is expected of a struct, and of its database: the token, the code and some words of each mistake.
type Expected = &'static [(&'static str, &'static Code, &'static str)];

#[test]
fn a_struct_is_checked_against_the_lock_file_at_its_tokens() {
    let both = [Database::Postgres, Database::Sqlite];
    let cases: &[(&str, Expected)] = &[
        ("a: i64", &[]),
        ("a: i64, #[colmig(adding, backfill = \"0\")] b: WriteOnly<i64>", &[]),
        ("a: i64, b: Option<i64>", &[]),
        ("a: i64, b: i64", &[("b", ILLEGAL_MOVE, "write `#[colmig(adding")]),
        ("", &[("T", ILLEGAL_MOVE, "keep the field for one release as `#[colmig(deprecated)]`")]),
        ("a: String", &[("a", TYPE_CHANGED, "`cargo colmig generate --amend`")]),
        (
            "#[colmig(adding, backfill = \"0\")] a: WriteOnly<i64>",
            &[("a", ILLEGAL_MOVE, "not `adding`")],
        ),
        ("a: i64, b: Option<Decimal>", &[("Decimal", UNKNOWN_TYPE, "SQLite has no decimals")]),
        (
            "a: i64, #[colmig(type(postgres = \"x\"))] b: Option<X>",
            &[("type", UNKNOWN_TYPE, "add `sqlite = \"…\"`")],
        ),
        (
            "a: i64, #[colmig(default(sqlite = \"0\"))] b: i64",
            &[("default", GRAMMAR, "says nothing for postgres")],
        ),
        ("a: String, b: i64", &[("a", TYPE_CHANGED, ""), ("b", ILLEGAL_MOVE, "")]),
    ];
    for (fields, expected) in cases {
        check_fields(fields, &lock(&both), expected);
    }
}

fn check_fields(fields: &str, lock: &Lock, expected: Expected) {
    let text = in_table(fields);
    let mut mistakes = check(&declared(&text), Some(lock));
    mistakes.sort_by_key(|mistake| Location::of(mistake.span).bytes.start);
    let shown: Vec<_> = mistakes.iter().map(|m| m.problem.to_string()).collect();
    assert_eq!(mistakes.len(), expected.len(), "{text}\n{shown:?}");
    for (mistake, (token, code, words)) in mistakes.iter().zip(expected) {
        assert_eq!(mistake.problem.code, *code, "{text}");
        assert_eq!(&text[Location::of(mistake.span).bytes], *token, "{text}");
        assert!(mistake.problem.to_string().contains(words), "{text}\n{shown:?}");
    }
    assert!(check(&declared(&text), None).is_empty(), "without a lock file nothing is recorded");
}

/// What a trigger keeps alike may begin in any of three ways, the old field gone among them.
#[test]
fn a_replacement_by_a_trigger_is_checked_against_what_it_replaces() {
    let alike = |rest: &str| {
        format!("#[colmig({rest}forward = \"a\", reverse = \"b\", dual_write = \"trigger\")]")
    };
    let (a, adding) = (alike("replaces(a), "), alike("adding, replaces(a), "));
    let cases: &[(String, Expected)] = &[
        (format!("{a} b: i64"), &[]),
        (format!("#[colmig(deprecated)] a: WriteOnly<i64>, {a} b: i64"), &[]),
        (format!("a: i64, {adding} b: WriteOnly<i64>"), &[]),
        (format!("{a} b: Option<i64>"), &[("b", ILLEGAL_MOVE, "`b` may be NULL and `a` may not")]),
        (
            format!("a: i64, {} b: i64", alike("replaces(x), ")),
            &[("b", GRAMMAR, "there is no column `x` to replace")],
        ),
        (
            format!(
                "#[colmig(deprecated)] a: WriteOnly<i64>, {a} b: i64, #[colmig(replaces(a))] c: Option<i64>"
            ),
            &[("b", GRAMMAR, "above both, or above none")],
        ),
    ];
    for (fields, expected) in cases {
        check_fields(fields, &lock(&[Database::Postgres]), expected);
    }
    let both = [Database::Postgres, Database::Sqlite];
    let sqlite: Expected = &[("dual_write", NOT_SUPPORTED, "no trigger of sqlite")];
    check_fields(&format!("{a} b: i64"), &lock(&both), sqlite);
    let new = Lock { databases: vec![Database::Postgres], ..Lock::default() };
    check_fields(&format!("{a} b: i64"), &new, &[("b", ILLEGAL_MOVE, "its table is new")]);
}

/// The key of a table whose `id` was an `i32` that the database numbers, and what an edit makes of it.
#[test]
fn a_key_is_replaced_by_one_that_has_its_values() {
    let text =
        |fields: &str| format!("#[derive(Table)] #[colmig(table = \"t\")] struct T {{ {fields} }}");
    let recorded = |key: &str, databases: &[Database]| {
        let table = declared(&text(key)).table;
        let born = "0001".to_owned();
        let columns =
            table.columns.into_iter().map(|c| Column { born: born.clone(), ..c }).collect();
        let schema = crate::schema::Schema::of(vec![Table { columns, born, ..table }]);
        Lock { databases: databases.into(), schema, ..Lock::default() }
    };
    let postgres = |key: &str| recorded(key, &[Database::Postgres]);
    let alike = |words: &str, field: &str| {
        format!("#[colmig(primary_key, {words}replaces(id), dual_write = \"trigger\")] {field}")
    };
    let id = "#[colmig(primary_key, auto)] id: i32";
    let (whole, none): (_, &[&str]) = (alike("auto, ", "b: i64"), &[]);
    let cases: &[(Lock, String, &'static Code, &[&str])] = &[
        (postgres(id), whole.clone(), GRAMMAR, none),
        (postgres("#[colmig(primary_key)] id: Uuid"), alike("", "b: Uuid"), GRAMMAR, none),
        (
            postgres(id),
            alike("auto, ", "b: i16"),
            ILLEGAL_MOVE,
            &["does not hold every key of `id`"],
        ),
        (postgres(id), alike("", "b: String"), ILLEGAL_MOVE, &["`b` is text"]),
        (postgres(id), alike("", "b: i64"), ILLEGAL_MOVE, &["add `auto` at `b`"]),
        (
            postgres("#[colmig(primary_key)] id: i32"),
            whole.clone(),
            ILLEGAL_MOVE,
            &["delete `auto` at `b`"],
        ),
        (
            postgres("#[colmig(primary_key, default = \"7\")] id: i32"),
            alike("", "b: i64"),
            NOT_SUPPORTED,
            &["has a default"],
        ),
        (
            postgres("#[colmig(primary_key)] id: i32, #[colmig(primary_key)] a: i32"),
            format!(
                "{}, #[colmig(primary_key, replaces(a), dual_write = \"trigger\")] c: i64",
                alike("", "b: i64")
            ),
            NOT_SUPPORTED,
            &["more than one column", "more than one column"],
        ),
        (
            postgres(id),
            "#[colmig(primary_key, auto)] b: i64".into(),
            KEY_CHANGED,
            &["`replaces(id), dual_write = \"trigger\"` above `b`", "its table exists"],
        ),
        (recorded(id, &[Database::Sqlite]), whole.clone(), NOT_SUPPORTED, &["64 bits there"]),
        (
            recorded(id, &[Database::Postgres, Database::Sqlite]),
            whole.clone(),
            NOT_SUPPORTED,
            &["where PostgreSQL is the only database"],
        ),
        // On SQLite the same column holds them.
        (
            recorded(id, &[Database::Sqlite]),
            "#[colmig(primary_key, auto)] id: i64".into(),
            GRAMMAR,
            none,
        ),
        (
            recorded("#[colmig(primary_key, auto)] id: i64", &[Database::Sqlite]),
            id.into(),
            TYPE_CHANGED,
            &["was int8 and is now int4"],
        ),
        (
            postgres(id),
            "#[colmig(primary_key, auto)] id: i64".into(),
            TYPE_CHANGED,
            &["was int4 and is now int8"],
        ),
    ];
    for (lock, fields, code, words) in cases {
        let mistakes = check(&declared(&text(fields)), Some(lock));
        let shown: Vec<_> = mistakes.iter().map(|m| m.problem.to_string()).collect();
        assert_eq!(mistakes.len(), words.len(), "{fields}\n{shown:#?}");
        for (mistake, words) in mistakes.iter().zip(*words) {
            assert!(mistake.problem.to_string().contains(words), "{fields}: {words}\n{shown:#?}");
        }
        assert!(mistakes.first().is_none_or(|first| first.problem.code == *code), "{shown:#?}");
    }
    let columns = declared(&text(&whole)).table.columns;
    assert_eq!(columns[0].forward, PerDatabase::Everywhere("\"id\"".into()));
    assert_eq!(columns[0].reverse, PerDatabase::Everywhere("\"b\"".into()));
}

/// What one of the two, or this version, does not have there.
#[test]
fn what_mysql_cannot_do_is_said_with_what_to_do() {
    let mysql = lock(&[Database::Mysql]);
    for (fields, words) in [
        ("a: String, #[colmig(generated = \"upper(a)\")] b: String", "`Option<…>`"),
        ("#[colmig(index(where = \"a > 0\"))] a: i64", "delete its `where`"),
        (
            "#[colmig(replaces(a), forward = \"a\", reverse = \"b\", dual_write = \"trigger\")] b: i64",
            "the application writes both",
        ),
    ] {
        let declared = declared(&in_table(fields));
        let mistakes = check(&declared, Some(&mysql));
        let found = mistakes.iter().find(|one| one.problem.code == NOT_SUPPORTED);
        let shown = found.map(|one| one.problem.to_string()).unwrap_or_default();
        assert!(shown.contains(words), "{fields}: {shown}");
        let elsewhere = check(&declared, Some(&lock(&[Database::Postgres])));
        assert!(elsewhere.iter().all(|one| one.problem.code != NOT_SUPPORTED), "{fields}");
    }
}

#[test]
fn a_database_that_the_project_does_not_use_forbids_nothing() {
    let text = in_table("a: i64, b: Option<Decimal>");
    assert!(check(&declared(&text), Some(&lock(&[Database::Postgres]))).is_empty());
}

/// Several structs on one table: what is wrong between them, at its token.
#[test]
fn structs_of_one_table_agree_with_the_one_that_declares_it() {
    let user = "#[derive(Table)] #[colmig(table = \"users\")]
        struct User { #[colmig(primary_key)] id: i64, email: String,
            #[colmig(adding, backfill = \"email\")] handle: WriteOnly<String> }";
    let beside = |words: &str, fields: &str| {
        format!(
            "{user} #[derive(Table)] #[colmig(table = \"users\", {words})] struct Part {{ {fields} }}"
        )
    };
    let outer = |inner: &str| {
        format!("#[derive(Table)] #[colmig(table = \"users\")] struct Outer {{ #[colmig(primary_key)] id: i64,
            #[sqlx(flatten)] inner: {inner} }}
            #[derive(Table)] #[colmig(table = \"users\", partial)] struct Part {{ city: String }}
            #[derive(Table)] #[colmig(table = \"towns\")] struct Town {{ #[colmig(primary_key)] id: i64 }}")
    };
    let cases: &[(String, &'static Code, &str)] = &[
        (beside("partial", "email: String"), GRAMMAR, ""),
        (beside("read_only", "id: i64, email: String"), GRAMMAR, ""),
        (outer("Part"), GRAMMAR, ""),
        (beside("partial", "«mail»: String"), GRAMMAR, "its columns are `id`, `email`"),
        (beside("partial", "«email»: i64"), GRAMMAR, "the type of `email` is int8 here and text"),
        (beside("partial", "«email»: Option<String>"), GRAMMAR, "optional here and required"),
        (beside("read_only", "«handle»: String"), GRAMMAR, "active here and adding in `User`"),
        (
            user.to_owned() + &user.replace("struct User", "struct «Again»"),
            DUPLICATE,
            "declared twice: by `User` and by `Again`",
        ),
        (
            "#[derive(Table)] #[colmig(partial)] struct «Part» { email: String }".into(),
            GRAMMAR,
            "no struct declares that table",
        ),
        (
            "#[derive(Table)] #[colmig(partial, owner = \"shop\")] struct Part { email: String }"
                .into(),
            GRAMMAR,
            "",
        ),
        (outer("«Towns»"), GRAMMAR, "no table struct of the name `Towns` is here"),
        (outer("«Town»"), GRAMMAR, "stands for the table `towns`"),
        (
            outer("Part")
                .replace("id: i64,\n", "id: i64, city: String,\n")
                .replace("inner: Part", "«inner»: Part"),
            DUPLICATE,
            "both name the column `city`",
        ),
    ];
    for (marked, code, words) in cases {
        let (text, marks) = unmarked(marked);
        let file = source(&text).unwrap_or_else(|m| panic!("{}\n{text}", m.problem));
        assert!(file.mistakes.is_empty(), "{text}\n{:?}", file.mistakes);
        let structs: Vec<_> = file.tables.iter().collect();
        let Shared { mistakes, tables } = share(&structs, &Lock::default());
        let shown: Vec<_> = mistakes.iter().map(|m| m.mistake.problem.to_string()).collect();
        assert_eq!(mistakes.len(), marks.len(), "{text}\n{shown:#?}");
        for (Between { mistake, .. }, (start, token)) in mistakes.iter().zip(&marks) {
            assert_eq!(mistake.problem.code, *code, "{shown:?}");
            assert!(shown[0].contains(words), "`{words}` is missing: {shown:?}");
            assert_eq!(&text[Location::of(mistake.span).bytes], token, "{shown:?}");
            assert_eq!(Location::of(mistake.span).bytes.start, *start, "{shown:?}");
        }
        assert!(!tables.is_empty() || !marks.is_empty());
    }
}

#[test]
fn a_flattened_struct_gives_its_columns_and_is_missed_where_it_loses_one() {
    let text = "#[derive(Table)] #[colmig(table = \"users\")] struct Outer { #[sqlx(flatten)] inner: Part, #[colmig(primary_key)] id: i64 }
        #[derive(Table)] #[colmig(table = \"users\", partial)] struct Part { city: String }";
    let file = source(text).unwrap_or_else(|m| panic!("{}", m.problem));
    let structs: Vec<_> = file.tables.iter().collect();
    let Shared { tables, .. } = share(&structs, &Lock::default());
    let names: Vec<_> = tables[0].columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((tables.len(), names), (1, vec!["id", "city"]));
    let mut recorded = tables[0].clone();
    recorded.columns.push(Column { name: "street".into(), ..recorded.columns[1].clone() });
    let lock = Lock { schema: crate::schema::Schema::of(vec![recorded]), ..Lock::default() };
    assert!(structs.iter().all(|declared| check(declared, Some(&lock)).is_empty()));
    let Shared { mistakes, .. } = share(&structs, &lock);
    assert_eq!(mistakes.len(), 1);
    assert_eq!(mistakes[0].mistake.problem.code, ILLEGAL_MOVE);
}

/// What is computed for a column without a value of its own, both ways.
#[test]
fn a_replacement_follows_from_its_source_and_a_source_from_its_replacement() {
    let first = declared(&in_table(
        "name: String, #[colmig(adding, replaces(name), forward = \"upper(name)\", reverse = \"lower(full)\")] full: WriteOnly<String>",
    ));
    let full = first.table.column("full").expect("it is there");
    let (sources, text) = first.table.derived(full).expect("forward");
    assert_eq!((sources, text.on(Database::Sqlite)), (vec!["name"], Some("upper(name)")));
    assert_eq!(first.table.derived(&first.table.columns[1]), None);

    let second = declared(&in_table(
        "#[colmig(deprecated)] name: WriteOnly<String>, #[colmig(replaces(name), reverse = \"lower(full)\")] full: String",
    ));
    let (sources, text) = second.table.derived(&second.table.columns[1]).expect("reverse");
    assert_eq!((sources, text.on(Database::Sqlite)), (vec!["full"], Some("lower(full)")));
    assert_eq!(second.table.replacements("name"), ["full"]);
}

/// Mistakes of enums, each at its token.
#[test]
fn a_wrong_enum_is_one_mistake_at_its_token() {
    let cases: &[(&str, &'static Code, &str)] = &[
        ("«struct» S { a: i64 }", NOT_AN_ENUM, "it has no variants"),
        ("«union» U { a: i64 }", NOT_AN_ENUM, "it has no variants"),
        ("enum «E» {}", NOT_AN_ENUM, "it has no values"),
        ("enum E<«T»> { A }", NOT_AN_ENUM, "many types at once"),
        ("enum E { A«(i64)» }", NOT_AN_ENUM, "a column of its own"),
        ("enum E { A«{ a: i64 }» }", NOT_AN_ENUM, "a word alone"),
        ("#[«cfg»(unix)] enum E { A }", NOT_A_TABLE, "cannot depend on `cfg`"),
        ("enum E { A, #[«cfg»(unix)] B }", NOT_A_TABLE, "cannot depend on `cfg`"),
        ("enum «Point» { A }", IDENTIFIER, "or name the type"),
        ("#[colmig(type = «\"User\"»)] enum E { A }", IDENTIFIER, "would need quotes"),
        ("#[colmig(type = «\"user\"»)] enum E { A }", IDENTIFIER, "something else to PostgreSQL"),
        ("#[colmig(«tpye» = \"e\")] enum E { A }", GRAMMAR, "did you mean `type`?"),
        (
            "#[colmig(«adding»)] enum E { A }",
            GRAMMAR,
            "describes a variant, and stands above an enum",
        ),
        ("enum E { #[colmig(«type» = \"e\")] A }", GRAMMAR, "move it"),
        ("#[colmig(«type»)] enum E { A }", GRAMMAR, "takes a text"),
        ("#[colmig(rename_all = «\"Snake\"»)] enum E { A }", GRAMMAR, "write one of"),
        ("enum E { A, #[colmig(«ading»)] B }", GRAMMAR, "did you mean `adding`?"),
        ("enum E { A, #[colmig(adding, «deprecated»)] B }", GRAMMAR, "keep one of the two words"),
        (
            "enum E { A, #[colmig(rename = \"A\")] «B» }",
            DUPLICATE,
            "`A` and `B` are both the value `A`",
        ),
        ("enum E { #[colmig(rename = «\"\"»)] A }", IDENTIFIER, "is empty"),
        ("enum E { A, #[colmig(«replace_with» = \"A\")] B }", GRAMMAR, "neither `adding` nor"),
        (
            "enum E { Happy, #[colmig(deprecated, replace_with = «\"Hapy\"»)] B }",
            GRAMMAR,
            "did you mean `Happy`?",
        ),
        (
            "enum E { A, #[colmig(deprecated, replace_with = «\"B\"»)] B }",
            GRAMMAR,
            "the values that it writes are `A`",
        ),
    ];
    for (item, code, words) in cases {
        expect(&format!("#[derive(colmig::Enum)] {item}"), &[(code, words)]);
    }
    let several = "#[derive(colmig::Enum)] #[colmig(«tpye» = \"e\")] enum E { A«(i64)», #[colmig(«auto»)] B }";
    expect(several, &[(GRAMMAR, "`type`"), (NOT_AN_ENUM, "alone"), (GRAMMAR, "`rename`")]);
    let fields: &[(&str, &'static Code, &str)] = &[
        ("#[colmig(type = \"mood\", «enum»)] a: Mood", GRAMMAR, "keep one of the two words"),
        ("#[colmig(enum)] a: «Vec<Mood>»", NOT_SUPPORTED, "no arrays of enums"),
        ("#[colmig(enum)] a: «Point»", IDENTIFIER, "choose another name"),
        ("#[colmig(enum = «\"Mood\"»)] a: Mood", IDENTIFIER, "small letters"),
        ("#[colmig(«enum»(mood))] a: Mood", GRAMMAR, "takes a text, or nothing"),
        ("#[colmig(«enum»)] #[sqlx(json)] a: Mood", GRAMMAR, "delete `json`, or `enum`"),
        ("a: «Mood»", UNKNOWN_TYPE, "if it derives `colmig::Enum`, `#[colmig(enum)]`"),
    ];
    for (field, code, words) in fields {
        expect(&in_table(field), &[(code, words)]);
    }
    let theirs = "#[derive(Table)] #[colmig(partial, owner = \"crm\")] struct T { #[colmig(«enum»)] a: Mood }";
    expect(theirs, &[(NOT_SUPPORTED, "belongs to the project that makes the table")]);
}

/// What a valid enum means, and which enums are colmig's.
#[test]
fn an_enum_is_a_type_and_its_variants_are_words() {
    let enums = |text: &str| {
        let file = source(text).unwrap_or_else(|m| panic!("{}", m.problem));
        assert!(file.mistakes.is_empty(), "{text}");
        file.enums.into_iter().map(|one| one.enumeration).collect::<Vec<_>>()
    };
    let mood = "#[derive(Enum)] #[colmig(rename_all = \"snake_case\")] enum HttpMood {
        VeryHappy, r#Sad = 7, #[colmig(rename = \"it's meh\")] Meh, #[colmig(adding)] Angry,
        #[colmig(deprecated, replace_with = \"sad\")] Furious }";
    let [one] = &enums(mood)[..] else { panic!("it is one") };
    assert_eq!(one.name, "http_mood");
    let values: Vec<_> = one.values.iter().map(|v| (v.name.as_str(), v.state)).collect();
    let expected = [
        ("very_happy", State::Active),
        ("sad", State::Active),
        ("it's meh", State::Active),
        ("angry", State::Adding),
        ("furious", State::Deprecated),
    ];
    assert_eq!(values, expected);
    assert_eq!(one.values[4].replace_with, "sad");
    assert_eq!(
        enums("#[derive(colmig::Enum)] enum M { VeryHappy }")[0].values[0].name,
        "VeryHappy"
    );
    assert_eq!(enums("fn f() { #[derive(::colmig::Enum)] enum M { A } }").len(), 1);
    assert_eq!(enums("#[derive(Enum)] enum M { #[colmig(rename = \"a\")] A }").len(), 1);
    for theirs in ["#[derive(Enum)] enum M { A(i64) }", "#[derive(enum_map::Enum)] enum M { A }"] {
        assert_eq!(enums(theirs), [], "{theirs}");
    }
    for (field, name, optional) in [
        ("#[colmig(enum)] a: my::HttpMood", "http_mood", false),
        ("#[colmig(enum)] a: Option<r#Mood>", "mood", true),
        ("#[colmig(enum = \"m\", adding, backfill = \"'a'\")] a: WriteOnly<Mood>", "m", false),
    ] {
        let column = column(field);
        let found = (column.ty.enumeration(), column.optional());
        assert_eq!(found, (Some(name), optional), "{field}");
    }
}

/// What only the whole project shows.
#[test]
fn enums_and_structs_agree() {
    let text = "#[derive(colmig::Enum)] enum Mood { A } #[derive(colmig::Enum)] #[colmig(type = \"mood\")] enum Again { A }
        #[derive(colmig::Enum)] enum Users { A }
        #[derive(Table)] #[colmig(table = \"users\")] struct User { #[colmig(primary_key)] id: i64,
            #[colmig(enum)] a: Mood, #[colmig(enum)] b: Moood, #[colmig(enum = \"mood\")] c: Alias }";
    let file = source(text).unwrap_or_else(|m| panic!("{}", m.problem));
    let (structs, enums): (Vec<_>, Vec<_>) =
        (file.tables.iter().collect(), file.enums.iter().collect());
    let found: Vec<_> = agree(&structs, &enums)
        .into_iter()
        .map(|one| (one.at, one.mistake.problem.code, one.mistake.problem.to_string()))
        .collect();
    let expected = [
        (At::Enum(1), DUPLICATE, "the type `mood` is declared twice: by `Mood` and by `Again`"),
        (At::Enum(2), DUPLICATE, "to PostgreSQL a table is a type too"),
        (
            At::Struct(0),
            UNKNOWN_TYPE,
            "no enum here stands for the type `moood`; did you mean `mood`?",
        ),
    ];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((at, code, text), (its, expected, words)) in found.iter().zip(expected) {
        assert_eq!((*at, *code), (its, expected), "{text}");
        assert!(text.contains(words), "{text}");
    }
}
