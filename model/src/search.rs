//! Explores every state of a model, breadth first, so that a counterexample is a shortest one.
//!
//! States are small and kept once. What an action is called is worked out only for the few that end up
//! in a counterexample: the way there is walked a second time, with names.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// What can be explored.
pub trait Model {
    /// All that tells one situation from another.
    type State: Copy + Eq + Hash;

    /// Where it begins.
    fn initial(&self) -> Self::State;

    /// Pushes the state after every action that this one allows; an error if one of them goes wrong.
    fn next(&self, state: &Self::State, moves: &mut Moves<Self::State>) -> Result<(), Violation>;

    /// Whether this is what everything should lead to.
    fn is_end(&self, state: &Self::State) -> bool;
}

/// What went wrong, in words, with the action that it happened in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub String);

/// The actions that one state allows.
pub struct Moves<S> {
    states: Vec<S>,
    names: Option<Vec<String>>,
}

impl<S> Moves<S> {
    /// An action: the state after it, and its name.
    pub fn push(&mut self, state: S, name: impl FnOnce() -> String) {
        if let Some(names) = &mut self.names {
            names.push(name());
        }
        self.states.push(state);
    }
}

/// What an exploration found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The number of states that were seen.
    pub states: usize,
    /// The actions that lead to a violation, the violation last; `None`: there is none.
    pub counterexample: Option<Vec<String>>,
}

impl Report {
    /// Whether nothing can go wrong.
    pub fn is_safe(&self) -> bool {
        self.counterexample.is_none()
    }

    /// What goes wrong, in words; empty if nothing does.
    pub fn violation(&self) -> &str {
        self.counterexample.as_ref().and_then(|trace| trace.last()).map_or("", String::as_str)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} states", self.states)?;
        for (number, line) in self.counterexample.iter().flatten().enumerate() {
            write!(f, "\n        {}. {line}", number + 1)?;
        }
        Ok(())
    }
}

/// Explores a model until something goes wrong, or to the end.
pub fn explore<M: Model>(model: &M) -> Report {
    Search::new(model).run(false)
}

/// The same; besides, the end must stay within reach from every state.
pub fn explore_to_the_end<M: Model>(model: &M) -> Report {
    Search::new(model).run(true)
}

/// Calls `visit` with every state that can be reached; a model in which something goes wrong panics.
pub fn visit<M: Model>(model: &M, mut visit: impl FnMut(&M::State)) {
    let mut search = Search::new(model);
    let report = search.run(false);
    assert!(report.is_safe(), "{report}");
    search.states.iter().for_each(&mut visit);
}

struct Search<'a, M: Model> {
    model: &'a M,
    states: Vec<M::State>,
    /// For each state, the one that it was first reached from.
    parents: Vec<u32>,
    index: HashMap<M::State, u32, BuildHasherDefault<Mixer>>,
}

impl<'a, M: Model> Search<'a, M> {
    fn new(model: &'a M) -> Self {
        let mut search =
            Search { model, states: Vec::new(), parents: Vec::new(), index: HashMap::default() };
        search.number(model.initial(), 0);
        search
    }

    /// A state's number; a new one is queued.
    fn number(&mut self, state: M::State, parent: u32) -> u32 {
        let next = u32::try_from(self.states.len()).expect("models are far smaller");
        *self.index.entry(state).or_insert_with(|| {
            self.states.push(state);
            self.parents.push(parent);
            next
        })
    }

    fn run(&mut self, to_the_end: bool) -> Report {
        let mut edges = Vec::new();
        let mut moves = Moves { states: Vec::new(), names: None };
        let mut current = 0;
        while let Some(state) = self.states.get(current as usize).copied() {
            moves.states.clear();
            if let Err(Violation(what)) = self.model.next(&state, &mut moves) {
                return self.report(Some(self.trace(current, what)));
            }
            for state in &moves.states {
                let next = self.number(*state, current);
                if to_the_end {
                    edges.push((current, next));
                }
            }
            current += 1;
        }
        let lost = if to_the_end { self.out_of_reach(&edges) } else { None };
        self.report(lost)
    }

    fn report(&self, counterexample: Option<Vec<String>>) -> Report {
        Report { states: self.states.len(), counterexample }
    }

    /// The way to a state, and what happens there.
    fn trace(&self, state: u32, what: String) -> Vec<String> {
        let mut path = vec![state];
        while path[path.len() - 1] != 0 {
            path.push(self.parents[path[path.len() - 1] as usize]);
        }
        path.reverse();
        let mut trace: Vec<_> = path.windows(2).map(|pair| self.name(pair[0], pair[1])).collect();
        trace.push(what);
        trace
    }

    /// The name of the action that leads from one state to another.
    fn name(&self, from: u32, to: u32) -> String {
        let mut moves = Moves { states: Vec::new(), names: Some(Vec::new()) };
        let outcome = self.model.next(&self.states[from as usize], &mut moves);
        outcome.expect("a state with a violation leads nowhere");
        let target = self.states[to as usize];
        let place = moves.states.iter().position(|state| *state == target);
        moves.names.expect("names were asked for").swap_remove(place.expect("the edge was seen"))
    }

    /// The way to the first state from which the end cannot be reached.
    fn out_of_reach(&self, edges: &[(u32, u32)]) -> Option<Vec<String>> {
        let mut before = vec![Vec::new(); self.states.len()];
        for (from, to) in edges {
            before[*to as usize].push(*from);
        }
        let mut reaches: Vec<_> = self.states.iter().map(|s| self.model.is_end(s)).collect();
        let mut open: Vec<_> = (0..reaches.len()).filter(|state| reaches[*state]).collect();
        while let Some(state) = open.pop() {
            for from in &before[state] {
                if !std::mem::replace(&mut reaches[*from as usize], true) {
                    open.push(*from as usize);
                }
            }
        }
        let lost = reaches.iter().filter(|reaches| !**reaches).count();
        let first = reaches.iter().position(|reaches| !reaches)?;
        let what = format!("the end is out of reach (in {lost} states)");
        Some(self.trace(u32::try_from(first).expect("it was numbered"), what))
    }
}

/// A hash of a few multiplications: states are many and small, and nobody chooses them in bad faith.
#[derive(Default)]
struct Mixer(u64);

impl Mixer {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
    }
    fn write_u8(&mut self, word: u8) {
        self.mix(u64::from(word));
    }
    fn write_u16(&mut self, word: u16) {
        self.mix(u64::from(word));
    }
    fn write_usize(&mut self, word: usize) {
        self.mix(word as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two counters that may only go up, and must not both be at their end.
    struct Counters {
        end: u8,
        forbidden: Option<(u8, u8)>,
    }

    impl Model for Counters {
        type State = (u8, u8);
        fn initial(&self) -> (u8, u8) {
            (0, 0)
        }
        fn next(&self, state: &(u8, u8), moves: &mut Moves<(u8, u8)>) -> Result<(), Violation> {
            if Some(*state) == self.forbidden {
                return Err(Violation("forbidden".into()));
            }
            if state.0 < self.end {
                moves.push((state.0 + 1, state.1), || "left".into());
            }
            if state.1 < self.end {
                moves.push((state.0, state.1 + 1), || "right".into());
            }
            Ok(())
        }
        fn is_end(&self, state: &(u8, u8)) -> bool {
            *state == (2, 2)
        }
    }

    #[test]
    fn a_counterexample_is_a_shortest_way() {
        let report = explore(&Counters { end: 3, forbidden: Some((1, 2)) });
        let trace = report.counterexample.as_deref().unwrap_or_default();
        assert_eq!(trace, ["left", "right", "right", "forbidden"]);
        assert_eq!(report.violation(), "forbidden");
    }

    #[test]
    fn an_end_that_can_be_missed_is_found() {
        assert!(explore_to_the_end(&Counters { end: 2, forbidden: None }).is_safe());
        let report = explore_to_the_end(&Counters { end: 3, forbidden: None });
        assert!(report.violation().starts_with("the end is out of reach (in 7 states)"));
        assert_eq!(report.states, 16);
    }
}
