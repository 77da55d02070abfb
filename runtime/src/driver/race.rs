//! Transactions that lose against others: nothing of them was done, so they are run again.
//!
//! On one server that is a deadlock now and then. In a cluster, where each server takes writes, it is how two
//! transactions exclude one another: locks are not known elsewhere, and the second one to be committed fails.

use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// How often the same is tried. With the pauses that is some seconds: longer than a view of a cluster takes to change
/// when one of its servers is stopped, and no user waits for ever.
const TRIES: u32 = 30;

const SHORTEST: Duration = Duration::from_millis(4);
const LONGEST: Duration = Duration::from_millis(400);

/// The tries that are left.
pub(crate) struct Races {
    lost: u32,
}

impl Races {
    pub(crate) fn new() -> Races {
        Races { lost: 0 }
    }

    /// Whether what has lost is to be tried again, after a pause that grows.
    pub(crate) async fn again(&mut self, lost: bool) -> bool {
        self.lost += 1;
        if !lost || self.lost >= TRIES {
            return false;
        }
        let pause = SHORTEST.saturating_mul(1 << self.lost.min(10)).min(LONGEST);
        tokio::time::sleep(jittered(pause)).await;
        true
    }
}

/// Between a half and the whole: two that wait for one another do not meet again and again.
pub(crate) fn jittered(pause: Duration) -> Duration {
    let random = std::hash::RandomState::new().build_hasher().finish() % 1000;
    pause / 2 + pause.mul_f64(random as f64 / 2000.0)
}

/// Runs a transaction on a driver, and again where it lost: its future is made anew for each try. A function would have
/// to be given a closure, whose future is not known to be `Send`.
macro_rules! transaction {
    ($driver:expr, $work:expr, $body:expr) => {{
        let mut races = $crate::driver::Races::new();
        loop {
            let outcome = match $driver.begin($work).await {
                Ok(()) => {
                    let outcome = $body.await;
                    $crate::driver::conclude($driver, outcome).await
                }
                Err(error) => Err($crate::Error::from(error)),
            };
            if outcome.is_ok() || !races.again($driver.lost()).await {
                break outcome;
            }
        }
    }};
}

pub(crate) use transaction;
