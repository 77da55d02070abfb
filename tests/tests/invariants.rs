//! What the design says of the tree: which package may name which, and what may not stand where.
//!
//! What an application compiles more than with sqlx alone is checked in `xtask/src/dependencies.rs`, which
//! also prints it.
//!
//! Rules are rows of tables. Each is tried on an offending text too: a rule that cannot fail says nothing.

#[path = "invariants/files.rs"]
mod files;
#[path = "invariants/packages.rs"]
mod packages;
#[path = "invariants/rules.rs"]
mod rules;
#[path = "invariants/source.rs"]
mod source;
