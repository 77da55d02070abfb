//! Which orders of a replacement's steps are safe?
//!
//! The six moves of the window are a chain, and the five steps of schema and data are put into every
//! possible place: 55,440 orders. An order whose beginning is unsafe is unsafe, so that each beginning
//! is explored once, and only as long as nothing has gone wrong in it.

use std::collections::HashMap;

use colmig_core::protocol::Act;

use crate::change::{Rollout, Step, WORLD, World};
use crate::search::explore;

/// The moves of the window, in their order.
pub const WINDOW: [Act; 6] = [
    Act::Admit(1),
    Act::Require(1),
    Act::Admit(2),
    Act::Require(2),
    Act::Admit(3),
    Act::Require(3),
];

/// The other steps.
pub const OTHERS: [Act; 5] = [Act::Add, Act::Backfill, Act::Enforce, Act::Relax, Act::Drop];

/// What must come before what, forwards.
pub const FORWARDS: &[(Act, Act)] = &[
    (Act::Add, Act::Admit(1)),
    (Act::Require(1), Act::Backfill),
    (Act::Backfill, Act::Enforce),
    (Act::Backfill, Act::Admit(2)),
    (Act::Relax, Act::Admit(3)),
    (Act::Require(3), Act::Drop),
];

/// What must come before what besides, where every step may be taken back.
pub const WITH_UNDO: &[(Act, Act)] = &[(Act::Require(2), Act::Relax)];

/// Every order.
pub fn orders() -> Vec<Vec<Act>> {
    OTHERS.iter().fold(vec![WINDOW.to_vec()], |orders, act| {
        let places = |order: Vec<Act>| {
            (0..=order.len()).map(move |place| [&order[..place], &[*act], &order[place..]].concat())
        };
        orders.into_iter().flat_map(places).collect()
    })
}

/// Whether an order keeps these constraints.
pub fn keeps(order: &[Act], constraints: &[(Act, Act)]) -> bool {
    let place = |act| order.iter().position(|other| *other == act);
    constraints.iter().all(|(first, then)| place(*first) < place(*then))
}

/// Explores orders, and remembers their beginnings.
#[derive(Default)]
pub struct Explorer {
    undo: bool,
    safe: HashMap<Vec<Act>, bool>,
}

impl Explorer {
    /// One that explores the steps forwards, or with undo of every step too.
    pub fn new(undo: bool) -> Explorer {
        Explorer { undo, safe: HashMap::new() }
    }

    /// Whether nothing goes wrong in these steps.
    pub fn is_safe(&mut self, steps: &[Act]) -> bool {
        if let Some(safe) = self.safe.get(steps) {
            return *safe;
        }
        let safe = match steps.split_last() {
            Some((_, beginning)) => self.is_safe(beginning) && self.explore(steps),
            None => true,
        };
        self.safe.insert(steps.to_vec(), safe);
        safe
    }

    fn explore(&self, steps: &[Act]) -> bool {
        let world = World { rows: 1, leases: false, crashes: false, undo: self.undo, ..WORLD };
        let chain = steps.iter().map(|act| Step::Act(*act)).collect();
        explore(&Rollout::replace(world).with_chain(chain)).is_safe()
    }
}

#[cfg(test)]
mod tests {
    use colmig_core::protocol::ChangeKind;

    use super::*;

    fn safe_orders(undo: bool, constraints: &[(Act, Act)]) -> Vec<Vec<Act>> {
        let orders = orders();
        assert_eq!(orders.len(), 55_440);
        let mut explorer = Explorer::new(undo);
        let (safe, unsafe_): (Vec<_>, Vec<_>) =
            orders.into_iter().partition(|order| explorer.is_safe(order));
        assert!(safe.iter().all(|order| keeps(order, constraints)));
        assert!(!unsafe_.iter().any(|order| keeps(order, constraints)));
        safe
    }

    fn ours() -> Vec<Act> {
        ChangeKind::Replace.facts().steps.iter().map(|(act, _)| *act).collect()
    }

    #[test]
    fn forwards_exactly_the_45_linear_extensions_are_safe() {
        let safe = safe_orders(false, FORWARDS);
        assert_eq!(safe.len(), 45);
        assert!(safe.contains(&ours()));
    }

    #[test]
    fn with_undo_exactly_seven_of_them_remain() {
        let safe = safe_orders(true, &[FORWARDS, WITH_UNDO].concat());
        assert_eq!(safe.len(), 7);
        assert!(safe.contains(&ours()));
    }
}
