//! The rollout protocol as a model. It explores every interleaving of the steps that the planner plans,
//! and its tests say that none goes wrong, and what goes wrong without each rule.
//!
//! In reading order:
//!
//! * [`search`]: every state of a model, breadth first;
//! * [`change`]: one change over rows and instances, with the steps of `colmig_core::protocol::CHANGES`;
//!   [`rules`]: what goes wrong in it without each of R01 to R35; [`orders`]: which orders of a
//!   replacement's steps are safe;
//! * [`lives`]: releases over time, several changes on one table, and what goes wrong without each of L1
//!   to L17;
//! * [`replace`]: what `core` does not hold yet, in the form in which it will.
//!
//! The first model knows batches, crashes inside a step, leases that run out, stalled processes and a
//! lagging replica, and one change only; the second takes a step as atomic, and knows what lies between.
//! Neither knows unique constraints, checks and foreign keys, types, or how long anything takes; a
//! replacement of a column that may be NULL is known to the first only.

pub mod search;

pub mod change;
pub mod orders;
pub mod rules;

pub mod lives;

pub mod replace;
