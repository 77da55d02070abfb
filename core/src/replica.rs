//! Replicas that applications read from: how far each has come, who waits for it, and until when. Pure; whoever asks
//! it brings the looks and the time.
//!
//! An applier commits *marks* on the primary, numbers that nobody can guess, and looks for them on each replica. What
//! was committed before a mark is replayed where the mark is: a replica commits in the order of its primary.
//! Positions of the log would say the same, and would need no writes; but each database has its own kind of them,
//! some services and poolers show none, and a position does not prove whose it is. A mark is a row like any other. It
//! needs no rights, gets through whatever replicates, and where it comes out is a replica of this very database.

use std::collections::VecDeque;
use std::fmt;

use crate::dialect::Direction;
use crate::gate::seconds;
use crate::protocol::Act;

/// How many marks are remembered: who has replayed none of them is late by the oldest at least.
const REMEMBERED: usize = 512;

/// Whether a step lets somebody in who was kept out before, and so waits for the replicas (rule R22): whoever is let
/// in may read there at once. On the way back it is a floor that falls: older releases read what `relax` was undone
/// for.
pub fn lets_in(act: Act, direction: Direction) -> bool {
    matches!((act, direction), (Act::Admit(_), Direction::Up) | (Act::Require(_), Direction::Down))
}

/// What a look at a replica saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The latest mark that it has replayed, whoever's it is.
    Mark(i64),
    /// No ledger.
    NoLedger,
    /// Nothing; why.
    Nothing(String),
}

/// Why a replica is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lateness {
    /// It has not replayed what was committed so many milliseconds ago.
    Behind(i64),
    /// The same, and nothing that was committed since either: it may be later than that.
    BehindAtLeast(i64),
    /// It has no ledger: it has replayed nothing yet, or replays another database.
    NoLedger,
    /// It cannot be read; why.
    Silent(String),
}

/// A replica that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// Its name.
    pub replica: String,
    /// Why.
    pub why: Lateness,
}

/// The marks of one applier, the latest last, each with the time at which it was sent.
#[derive(Clone, Debug, Default)]
pub struct Marks(VecDeque<(i64, i64)>);

impl Marks {
    /// Remembers a mark; `now` is in milliseconds of a clock that never goes back.
    pub fn sent(&mut self, mark: i64, now: i64) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((mark, now));
    }

    /// What a replica lacks of them; nothing where it has replayed the latest.
    pub fn lateness(&self, sight: Sight, now: i64) -> Option<Lateness> {
        let seen = match sight {
            Sight::Mark(seen) => seen,
            Sight::NoLedger => return Some(Lateness::NoLedger),
            Sight::Nothing(why) => return Some(Lateness::Silent(why)),
        };
        let next = self.0.iter().rposition(|(mark, _)| *mark == seen).map_or(0, |place| place + 1);
        let (_, sent) = self.0.get(next)?;
        Some(match next {
            0 => Lateness::BehindAtLeast(now - sent),
            _ => Lateness::Behind(now - sent),
        })
    }
}

/// The replica that a backfill pauses for, of those that are late: one that is later than `limit` milliseconds, or of
/// which nobody knows how late it is.
pub fn throttles(late: Vec<Late>, limit: i64) -> Option<Late> {
    late.into_iter().find(|late| match late.why {
        Lateness::Behind(ms) | Lateness::BehindAtLeast(ms) => ms > limit,
        Lateness::NoLedger | Lateness::Silent(_) => true,
    })
}

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replica = &self.replica;
        match &self.why {
            Lateness::Behind(ms) => {
                write!(
                    f,
                    "replica `{replica}` has not replayed what comes before, {} behind",
                    seconds(*ms)
                )
            }
            Lateness::BehindAtLeast(ms) => {
                write!(
                    f,
                    "replica `{replica}` has not replayed what comes before, {} behind or more",
                    seconds(*ms)
                )
            }
            Lateness::NoLedger => write!(
                f,
                "replica `{replica}` has no ledger: it has replayed nothing yet, or replays another database"
            ),
            Lateness::Silent(why) => write!(f, "replica `{replica}` cannot be read: {why}"),
        }
    }
}

impl Late {
    /// How late it is, in milliseconds, where that is known.
    pub fn milliseconds(&self) -> Option<i64> {
        match self.why {
            Lateness::Behind(ms) | Lateness::BehindAtLeast(ms) => Some(ms),
            Lateness::NoLedger | Lateness::Silent(_) => None,
        }
    }

    /// Why a backfill pauses for it.
    pub fn above(&self, limit: i64) -> String {
        match self.milliseconds() {
            Some(ms) => {
                format!("replica `{}` lag {} > {}", self.replica, seconds(ms), seconds(limit))
            }
            None => self.to_string(),
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self.why {
            Lateness::Behind(_) | Lateness::BehindAtLeast(_) => {
                "wait, or see on the replica why it does not replay"
            }
            Lateness::NoLedger => {
                "see on the replica that it replays this database, and that its address names it"
            }
            Lateness::Silent(_) => {
                "mend it; if nobody reads there any more, remove it from `replicas` in colmig.toml"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::CHANGES;

    #[test]
    fn a_replica_is_as_late_as_the_oldest_mark_that_it_lacks() {
        let mut marks = Marks::default();
        assert_eq!(marks.lateness(Sight::Mark(7), 0), None);
        for (mark, now) in [(70, 100), (-3, 200), (50, 300)] {
            marks.sent(mark, now);
        }
        for (seen, expected) in [
            (50, None),
            (-3, Some(Lateness::Behind(700))),
            (70, Some(Lateness::Behind(800))),
            // A number is no order: this one is of somebody else.
            (60, Some(Lateness::BehindAtLeast(900))),
        ] {
            assert_eq!(marks.lateness(Sight::Mark(seen), 1000), expected, "{seen}");
        }
        assert_eq!(marks.lateness(Sight::NoLedger, 1000), Some(Lateness::NoLedger));
    }

    /// Who has replayed none that is remembered is late by all of them.
    #[test]
    fn a_mark_that_is_forgotten_is_as_none() {
        let mut marks = Marks::default();
        for number in 0..=REMEMBERED as i64 {
            marks.sent(number, number);
        }
        let now = 10_000;
        assert_eq!(marks.lateness(Sight::Mark(0), now), Some(Lateness::BehindAtLeast(now - 1)));
        assert_eq!(marks.lateness(Sight::Mark(1), now), Some(Lateness::Behind(now - 2)));
    }

    #[test]
    fn a_backfill_pauses_above_the_limit_and_for_whom_nobody_knows() {
        let late = |why| vec![Late { replica: "r1".into(), why }];
        assert_eq!(throttles(Vec::new(), 0), None);
        assert_eq!(throttles(late(Lateness::Behind(1500)), 1500), None);
        for why in [
            Lateness::Behind(1501),
            Lateness::BehindAtLeast(1501),
            Lateness::NoLedger,
            Lateness::Silent("it is off".into()),
        ] {
            assert_eq!(throttles(late(why.clone()), 1500), Some(late(why).remove(0)));
        }
    }

    /// Forwards a ceiling that rises, back a floor that falls, and no other step: of every kind of change.
    #[test]
    fn whoever_is_let_in_finds_the_replicas_ready() {
        use crate::protocol::window_at;
        for facts in CHANGES {
            let acts: Vec<_> = facts.steps.iter().map(|(act, _)| *act).collect();
            for (position, act) in acts.iter().enumerate() {
                let [before, after] =
                    [position, position + 1].map(|end| window_at(acts.iter().copied(), end));
                // The act that begins a window lets nobody in.
                let (Some(before), Some(after)) = (before, after) else { continue };
                assert_eq!(lets_in(*act, Direction::Up), after.ceil > before.ceil, "{act}");
                assert_eq!(lets_in(*act, Direction::Down), after.floor > before.floor, "{act}");
            }
        }
    }
}
