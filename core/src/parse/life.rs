//! The life of one column: its words against each other, and against the field's type.

use proc_macro2::Ident;
use syn::Type;
use syn::spanned::Spanned;

use super::Mistake;
use super::attr::Words;
use super::field::Codec;
use super::shape::{Shape, without_path, written};
use crate::lifecycle::State;
use crate::problem::{GRAMMAR, Problem, STATE_AGAINST_TYPE};
use crate::types::ColumnType;

/// What the checks look at.
pub(super) struct Life<'a> {
    pub(super) field: &'a syn::Field,
    pub(super) name: &'a str,
    pub(super) words: &'a Words,
    pub(super) shape: Shape,
    pub(super) inner: &'a Type,
    pub(super) codec: &'a Codec,
}

/// Two words that cannot be said of one field.
struct Contradiction {
    /// The word that is one too many.
    word: &'static str,
    /// The word that it contradicts.
    with: &'static str,
    why: &'static str,
    /// What to do; `{plain}` stands for the field without a life.
    help: &'static str,
}

const CONTRADICTIONS: &[Contradiction] = &[
    Contradiction {
        word: "deprecated",
        with: "adding",
        why: "a column is on its way in, or on its way out",
        help: "keep one of the two words",
    },
    Contradiction {
        word: "adding",
        with: "primary_key",
        why: "every statement reads the key",
        help: "a key cannot change in place: create the table with its key, and write `{plain}`",
    },
    Contradiction {
        word: "deprecated",
        with: "primary_key",
        why: "every statement reads the key",
        help: "a key cannot change in place: keep `{plain}`",
    },
    Contradiction {
        word: "auto",
        with: "adding",
        why: "numbering existing rows rewrites the table",
        help: "delete `auto`, and say what existing rows get: `backfill = \"…\"`",
    },
    Contradiction {
        word: "adding",
        with: "generated",
        why: "the database computes it for every row at once",
        help: "delete `adding`, and write `{plain}`",
    },
    Contradiction {
        word: "deprecated",
        with: "generated",
        why: "no statement writes it, so no release has to go on writing it",
        help: "delete the field: the column can be dropped at once",
    },
    Contradiction {
        word: "auto",
        with: "generated",
        why: "either one makes the value",
        help: "keep one of the two words",
    },
    Contradiction {
        word: "default",
        with: "generated",
        why: "either one makes the value",
        help: "keep one of the two words",
    },
    Contradiction {
        word: "enum",
        with: "type",
        why: "either one names the type",
        help: "keep one of the two words",
    },
    Contradiction {
        word: "primary_key",
        with: "generated",
        why: "a key that follows other columns changes with them",
        help: "keep one of the two words",
    },
    Contradiction {
        word: "default",
        with: "dual_write",
        why: "the trigger could not tell a default from a value that was written",
        help: "delete `default`; it can be set once the replacement is done",
    },
    Contradiction {
        word: "backfill",
        with: "replaces",
        why: "existing rows get what `forward` computes",
        help: "delete `backfill`; what it says belongs into `forward`",
    },
    Contradiction {
        word: "adding",
        with: "default",
        why: "existing rows get the default at once, so there is nothing to wait for",
        help: "delete `adding`, and `backfill` if there is one, and write `{plain}`",
    },
];

impl Life<'_> {
    /// The first check that fails speaks: the later ones would repeat it in other words.
    pub(super) fn check(&self) -> Vec<Mistake> {
        let contradictions = self.contradictions();
        if !contradictions.is_empty() {
            return contradictions;
        }
        if let Some(mistake) = self.state_against_type() {
            return vec![mistake];
        }
        self.existing_rows().into_iter().collect()
    }

    /// Some words exclude each other, whatever the type is.
    fn contradictions(&self) -> Vec<Mistake> {
        let said = |row: &Contradiction| {
            let (span, _) = (self.words.said(row.word)?, self.words.said(row.with)?);
            let (name, plain) = (self.name, self.line(self.shape.with_write_only(false)));
            let problem = GRAMMAR
                .problem(format!("`{name}` says `{}` and `{}`: {}", row.with, row.word, row.why));
            Some(Mistake::new(span, problem.help(row.help.replace("{plain}", &plain))))
        };
        CONTRADICTIONS.iter().filter_map(said).collect()
    }

    /// A column that is `adding` or `deprecated` is not read, and `WriteOnly` is what cannot be read: so
    /// each needs the other. A new column that may be NULL needs neither.
    fn state_against_type(&self) -> Option<Mistake> {
        let state = self.state();
        let at_type = self.field.ty.span();
        match (state, self.shape) {
            (State::Adding, Shape::WriteOnlyOptional)
                if self.words.lack("backfill") && self.words.lack("replaces") =>
            {
                Some(Mistake::new(at_type, self.optional_with_nothing_to_wait_for()))
            }
            (State::Adding, Shape::Optional) => {
                Some(Mistake::new(at_type, self.adding_and_optional()))
            }
            (
                State::Adding | State::Deprecated,
                Shape::Plain | Shape::Optional | Shape::RequiredOnWrite,
            ) => Some(Mistake::new(at_type, self.not_write_only(state))),
            (State::Active, Shape::WriteOnly | Shape::WriteOnlyOptional)
                if self.words.lack("adding") =>
            {
                Some(Mistake::new(at_type, self.write_only_without_state()))
            }
            _ => None,
        }
    }

    fn not_write_only(&self, state: State) -> Problem {
        let right = self.shape.with_write_only(true);
        if let Some(word) = self.converted() {
            return STATE_AGAINST_TYPE
                .problem(format!(
                    "`{}` is `{state}`, so the code does not read it, and `{word}` reads it",
                    self.name
                ))
                .help(format!(
                    "delete `{word}` while the column is `{state}`, and write `{}`",
                    self.line(right)
                ));
        }
        let problem = STATE_AGAINST_TYPE
            .problem(format!(
                "`{}` is `{state}`, so the code does not read it, and its type can be read",
                self.name
            ))
            .help(format!("write `{}`", self.line(right)));
        match ColumnType::of_rust(&without_path(self.inner)) {
            Some(_) => problem,
            None => problem.help(format!(
                "if `{}` is an alias of a `WriteOnly`, write that out: names are not resolved",
                written(self.inner)
            )),
        }
    }

    fn adding_and_optional(&self) -> Problem {
        STATE_AGAINST_TYPE
            .problem(format!("`{}` is `adding`, and its type can be read and be NULL", self.name))
            .help(format!(
                "if existing rows may stay NULL, no `adding` is needed: write `{}` alone",
                self.line(Shape::Optional)
            ))
            .help(format!(
                "if every row gets a value, say which: `#[colmig(adding, backfill = \"…\")] {}`",
                self.line(Shape::WriteOnly)
            ))
    }

    fn optional_with_nothing_to_wait_for(&self) -> Problem {
        STATE_AGAINST_TYPE
            .problem(format!(
                "`{}` is `adding` and may be NULL, and nothing says what existing rows get",
                self.name
            ))
            .help(format!(
                "write `{}` alone: a column that may be NULL can be read at once",
                self.line(Shape::Optional)
            ))
            .help(format!(
                "or say which value existing rows get: `#[colmig(adding, backfill = \"…\")] {}`",
                self.line(Shape::WriteOnlyOptional)
            ))
    }

    fn write_only_without_state(&self) -> Problem {
        let readable = self.line(self.shape.with_write_only(false));
        let problem = STATE_AGAINST_TYPE.problem(format!(
            "`{}` is `WriteOnly`, and says neither `adding` nor `deprecated`",
            self.name
        ));
        problem
            .help(format!("if the code reads it, write `{readable}`"))
            .help("if it is new and required, add `#[colmig(adding, backfill = \"…\")]`; if it is to go, `#[colmig(deprecated)]`")
    }

    /// A required column cannot be added to rows that exist without a value for them; and what they get
    /// is said once, while the column is `adding`.
    fn existing_rows(&self) -> Option<Mistake> {
        let backfill = self.words.said("backfill");
        match (self.state(), backfill) {
            (_, Some(_)) if self.shape == Shape::RequiredOnWrite => None,
            (State::Adding, None)
                if self.words.lack("backfill") && self.words.lack("replaces") => Some(Mistake::new(
                self.words.said("adding")?,
                STATE_AGAINST_TYPE
                    .problem(format!("`{}` is required, and nothing says what existing rows get", self.name))
                    .help("add a value or an expression over the row: `#[colmig(adding, backfill = \"lower(email)\")]`")
                    .help(format!("or let it be NULL: `{}`, without `adding`", self.line(Shape::Optional))),
            )),
            (State::Active | State::Deprecated, Some(span)) if self.words.lack("adding") => {
                Some(Mistake::new(span, self.backfill_too_late()))
            }
            _ => None,
        }
    }

    fn backfill_too_late(&self) -> Problem {
        let problem =
            GRAMMAR.problem(format!("`{}` has a `backfill` and is not `adding`", self.name));
        let remove = "if it was `adding` before, delete the `backfill`: its migration has it";
        match (self.state(), self.shape) {
            (State::Active, Shape::Optional) => problem.help(remove).help(format!(
                "if it is new, existing rows stay NULL: delete the `backfill`, or fill them before it is read: `#[colmig(adding, backfill = \"…\")] {}`",
                self.line(Shape::WriteOnlyOptional)
            )),
            (State::Active, _) => problem.help(remove).help(format!(
                "if it is new, rows are filled before it is read: `#[colmig(adding, backfill = \"…\")] {}`",
                self.line(Shape::WriteOnly)
            )),
            _ => problem.help("delete the `backfill`; what undoing the drop writes is said by `reverse`"),
        }
    }

    /// What sqlx makes the field from, where it is not the field's type itself.
    fn converted(&self) -> Option<&'static str> {
        match self.codec {
            Codec::Itself => None,
            Codec::Json | Codec::JsonOrNull => Some("json"),
            Codec::Into(_) => Some("try_from"),
        }
    }

    /// The state that the words say.
    pub(super) fn state(&self) -> State {
        match (self.words.said("adding"), self.words.said("deprecated")) {
            (Some(_), _) => State::Adding,
            (None, Some(_)) => State::Deprecated,
            (None, None) => State::Active,
        }
    }

    /// The field as it should be written.
    fn line(&self, shape: Shape) -> String {
        let visibility = written(&self.field.vis);
        let member = self.field.ident.as_ref().map(Ident::to_string).unwrap_or_default();
        let inner = match self.codec {
            Codec::Json | Codec::JsonOrNull if shape.is_write_only() => {
                format!("sqlx::types::Json<{}>", written(self.inner))
            }
            _ => written(self.inner),
        };
        let inner = shape.around_text(&inner);
        format!("{visibility} {member}: {inner}").trim_start().to_owned()
    }
}
