//! The pure half of colmig: it decides, and never acts.
//!
//! Nothing here reads a file, opens a connection, awaits a future or writes to a terminal. In reading
//! order:
//!
//! * what code may do with a column, and when: [`lifecycle`], [`protocol`];
//! * what a project declares: [`schema`], [`types`], [`lock`], and `parse`, which reads it from source;
//! * what changes between two declarations: [`diff`], [`enumeration`], [`plan`], [`migration`];
//! * what a database is told: [`dialect`], [`ident`], [`backfill`], [`preflight`];
//! * who may run, and what may happen next: [`vector`], [`catalog`], [`admission`], [`gate`], [`advance`],
//!   where several databases go together [`shards`], and where some are read from replicas [`replica`];
//! * what can go wrong: [`problem`], and in the user's words [`explain`].
//!
//! Tables of knowledge live once, as data, in the module that is named after them; everything else
//! reads those tables.

pub mod lifecycle;
pub mod protocol;

pub mod lock;
pub mod schema;
pub mod types;

#[cfg(feature = "parse")]
pub mod parse;

pub mod diff;
pub mod enumeration;
pub mod migration;
pub mod plan;

pub mod backfill;
pub mod dialect;
pub mod ident;
pub mod preflight;

pub mod admission;
pub mod advance;
pub mod catalog;
pub mod default;
pub mod gate;
pub mod progress;
pub mod replica;
pub mod shards;
pub mod vector;

pub mod explain;
pub mod hash;
pub mod problem;

pub use problem::{Code, Exit, Problem};
