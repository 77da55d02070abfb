//! What a window may be moved on: evidence about the fleet, weighed without asking anybody.
//!
//! The driver collects an [`Evidence`] in the gate's own transaction, after the gate row is locked and
//! in a later statement; the functions here say what stands in the way (rules R13, R33, R35, L8, L9).

use std::fmt;

use crate::lifecycle::PhaseRange;

/// What an environment says about its fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether instances register; a development database has no fleet.
    pub leases: bool,
    /// How long nobody old may have been seen, in milliseconds.
    pub soak: i64,
    /// How long a lease lives, in milliseconds: what a restarted server waits for.
    pub ttl: i64,
    /// The operator vouches that there is no fleet that could be seen.
    pub assume_no_fleet: bool,
}

/// One instance, as one change sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseView {
    /// `shop 1.2.0 (instance 7f3a…, since …)`.
    pub label: String,
    /// Its phases in the change; `None`: none is safe, so it counts as below and as above.
    pub range: Option<PhaseRange>,
    /// Whether it writes the table and belongs to the project that owns the change.
    pub owning_writer: bool,
    /// Whether its lease is valid now.
    pub live: bool,
    /// When its lease ended or will end, in milliseconds of the database's clock.
    pub expires_at: i64,
}

/// A database session of a program that did not register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The server's process id.
    pub pid: i64,
    /// What it calls itself; may be empty.
    pub application: String,
    /// Its database role.
    pub role: String,
    /// The server that it is on, where there are several; otherwise empty.
    pub node: String,
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.application.is_empty() { "without a name" } else { &self.application };
        let node = if self.node.is_empty() { String::new() } else { format!(" on {}", self.node) };
        write!(f, "pid {}{node}, application_name `{name}`, role `{}`", self.pid, self.role)
    }
}

/// What is known of sessions that never registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watch {
    /// The database cannot show its sessions.
    Blind,
    /// It can, and somebody polls.
    Polled {
        /// Since when no such session has been seen without a gap; `None`: one was just seen.
        clean_since: Option<i64>,
        /// Those that are there now.
        sessions: Vec<Session>,
    },
}

/// Everything that a gate looks at, for one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The database's clock, in milliseconds.
    pub now: i64,
    /// When the server started or was promoted, where it can tell.
    pub server_since: Option<i64>,
    /// Every instance that the ledger remembers.
    pub leases: Vec<LeaseView>,
    /// When the change's window last moved.
    pub window_moved_at: i64,
    /// Sessions that never registered.
    pub watch: Watch,
    /// The change's table was made by this ledger, is empty, and no build that links it ever ran.
    pub untouched: bool,
}

/// Why a window does not move yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocker {
    /// An instance is alive below the phase.
    LiveBelow(String),
    /// An instance is alive above the phase that the ceiling would fall to.
    LiveAbove(String),
    /// No instance that proves the phase is alive.
    NobodyAt(u8),
    /// The same, and the checkout cannot be that instance: a release in between must run first. What
    /// such a release does.
    Between(String),
    /// The last old instance ended too short a time ago; milliseconds that are left.
    Soaking(i64),
    /// Sessions of programs that never registered.
    Unregistered(Vec<Session>),
    /// Nobody has polled for such sessions long enough; milliseconds that are left.
    Unwatched(i64),
    /// The server started, or was promoted, a short time ago; milliseconds that are left.
    ServerYoung(i64),
    /// No release that has ever run would fit all windows.
    NobodyFits,
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Blocker::LiveBelow(label) => write!(f, "{label} is alive and older"),
            Blocker::LiveAbove(label) => write!(f, "{label} is alive and newer"),
            Blocker::NobodyAt(phase) => {
                write!(f, "no instance of phase {phase} or above is alive yet")
            }
            Blocker::Between(release) => {
                write!(f, "a release of {release} must run in between; this checkout is newer")
            }
            Blocker::Soaking(left) => write!(f, "the soak lasts {} more", seconds(*left)),
            Blocker::Unregistered(sessions) => {
                let list: Vec<_> = sessions.iter().map(Session::to_string).collect();
                write!(f, "a client that never registered is connected: {}", list.join("; "))
            }
            Blocker::Unwatched(left) => {
                write!(
                    f,
                    "clients that never registered must stay unseen for {} more",
                    seconds(*left)
                )
            }
            Blocker::ServerYoung(left) => {
                write!(
                    f,
                    "the server started, or was promoted, a short time ago; leases are trusted in {}",
                    seconds(*left)
                )
            }
            Blocker::NobodyFits => {
                f.write_str("no release that has run would fit all windows afterwards")
            }
        }
    }
}

impl Blocker {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Blocker::LiveBelow(_) => "finish the rollout: stop the old instances",
            Blocker::LiveAbove(_) => "deploy the older release and stop the newer instances",
            Blocker::NobodyAt(_) => {
                "deploy this checkout; where instances cannot register, `--assume-no-fleet`"
            }
            Blocker::Between(_) => {
                "deploy that release from its commit, apply from there, and then from here again"
            }
            Blocker::Soaking(_) | Blocker::ServerYoung(_) => "wait, or let `apply --follow` wait",
            Blocker::Unregistered(_) => {
                "stop it, let it register with `colmig::Lease`, or name it under `ignore_clients` in colmig.toml"
            }
            Blocker::Unwatched(_) => "keep an instance or `apply --follow` running: they watch",
            Blocker::NobodyFits => "roll back the other change first",
        }
    }

    /// How long until it can be gone by itself, in milliseconds.
    pub fn left(&self) -> Option<i64> {
        match self {
            Blocker::Soaking(left) | Blocker::Unwatched(left) | Blocker::ServerYoung(left) => {
                Some(*left)
            }
            _ => None,
        }
    }
}

/// Milliseconds as people read them.
pub fn seconds(ms: i64) -> String {
    match ms {
        ..60_000 => format!("{:.1} s", ms as f64 / 1000.0),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms / 1000 % 60),
        _ => format!("{} h {} min", ms / 3_600_000, ms / 60_000 % 60),
    }
}

/// A moment of the database's clock, in milliseconds since 1970, as people read it.
pub fn moment(ms: i64) -> String {
    let (days, seconds) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000) / 1000);
    // Years that begin in March have their leap day at the end, and 400 of them have the same days.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{year:04}-{month:02}-{day:02} {hours:02}:{minutes:02}:{:02} UTC", seconds % 60)
}

/// What stands in the way of raising the floor to `phase`.
pub fn require(phase: u8, evidence: &Evidence, policy: &Policy) -> Vec<Blocker> {
    if !policy.leases {
        return Vec::new();
    }
    let below = |lease: &&LeaseView| lease.range.is_none_or(|range| range.high < phase);
    let mut blockers: Vec<_> = evidence
        .leases
        .iter()
        .filter(|lease| lease.live)
        .filter(below)
        .map(|lease| Blocker::LiveBelow(lease.label.clone()))
        .collect();
    if let Watch::Polled { sessions, .. } = &evidence.watch
        && !sessions.is_empty()
    {
        blockers.push(Blocker::Unregistered(sessions.clone()));
    }
    if policy.assume_no_fleet || evidence.untouched {
        return blockers;
    }
    blockers.extend(young(evidence, policy));
    let proof = |lease: &LeaseView| {
        lease.live && lease.owning_writer && lease.range.is_some_and(|range| range.low >= phase)
    };
    if !evidence.leases.iter().any(proof) {
        blockers.push(Blocker::NobodyAt(phase));
    }
    let ended = evidence.leases.iter().filter(|lease| !lease.live).filter(below);
    // Where no older lease is on record, the older release may not have registered at all: the soak
    // counts from the moment at which the newer one was let in.
    let since = ended.map(|lease| lease.expires_at).max().unwrap_or(evidence.window_moved_at);
    blockers.extend(still(since, policy.soak, evidence.now).map(Blocker::Soaking));
    if let Watch::Polled { clean_since, sessions } = &evidence.watch
        && sessions.is_empty()
    {
        let since = clean_since.unwrap_or(evidence.now);
        blockers.extend(still(since, policy.soak, evidence.now).map(Blocker::Unwatched));
    }
    blockers
}

/// What stands in the way of lowering the ceiling to `phase`.
pub fn unadmit(phase: u8, evidence: &Evidence, policy: &Policy) -> Vec<Blocker> {
    if !policy.leases {
        return Vec::new();
    }
    let above = evidence
        .leases
        .iter()
        .filter(|lease| lease.live && lease.range.is_none_or(|range| range.low > phase))
        .map(|lease| Blocker::LiveAbove(lease.label.clone()));
    let young = if policy.assume_no_fleet { None } else { young(evidence, policy) };
    above.chain(young).collect()
}

fn young(evidence: &Evidence, policy: &Policy) -> Option<Blocker> {
    still(evidence.server_since?, policy.ttl, evidence.now).map(Blocker::ServerYoung)
}

fn still(since: i64, span: i64, now: i64) -> Option<i64> {
    let left = since + span - now;
    (left > 0).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy { leases: true, soak: 600, ttl: 30, assume_no_fleet: false };

    fn lease(low: u8, high: u8, live: bool, expires_at: i64) -> LeaseView {
        let range = Some(PhaseRange { low, high });
        LeaseView { label: format!("{low}..{high}"), range, owning_writer: true, live, expires_at }
    }

    fn evidence(leases: Vec<LeaseView>) -> Evidence {
        Evidence {
            now: 10_000,
            server_since: Some(0),
            leases,
            window_moved_at: 0,
            watch: Watch::Polled { clean_since: Some(0), sessions: Vec::new() },
            untouched: false,
        }
    }

    #[test]
    fn moments_are_dates() {
        for (ms, expected) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399_999, "2000-02-28 23:59:59 UTC"),
            (951_825_600_000, "2000-02-29 12:00:00 UTC"),
            (1_735_689_599_000, "2024-12-31 23:59:59 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(moment(ms), expected);
        }
    }

    #[test]
    fn a_soaked_fleet_of_the_new_phase_opens_the_gate() {
        let fleet = evidence(vec![lease(0, 0, false, 9_000), lease(1, 1, true, 10_010)]);
        assert_eq!(require(1, &fleet, &POLICY), []);
    }

    #[test]
    fn each_piece_of_missing_evidence_keeps_it_shut() {
        let new = lease(1, 1, true, 10_010);
        let reader = LeaseView { owning_writer: false, ..new.clone() };
        let session =
            Session { pid: 7, application: "psql".into(), role: "app".into(), node: String::new() };
        let session = Watch::Polled { clean_since: None, sessions: vec![session] };
        let unwatched = Watch::Polled { clean_since: None, sessions: Vec::new() };
        let with = |change: &dyn Fn(&mut Evidence)| {
            let mut evidence = evidence(vec![new.clone()]);
            change(&mut evidence);
            require(1, &evidence, &POLICY)
        };
        assert!(matches!(
            with(&|e| e.leases.push(lease(0, 0, true, 1)))[..],
            [Blocker::LiveBelow(_)]
        ));
        assert!(matches!(
            with(&|e| e.leases[0].range = None)[..],
            [Blocker::LiveBelow(_), Blocker::NobodyAt(1)]
        ));
        assert!(matches!(with(&|e| e.leases.clear())[..], [Blocker::NobodyAt(1)]));
        assert!(matches!(with(&|e| e.leases = vec![reader.clone()])[..], [Blocker::NobodyAt(1)]));
        assert!(matches!(
            with(&|e| e.leases[0] = lease(0, 2, true, 1))[..],
            [Blocker::NobodyAt(1)]
        ));
        assert_eq!(with(&|e| e.leases.push(lease(0, 0, false, 9_500))), [Blocker::Soaking(100)]);
        assert_eq!(with(&|e| e.window_moved_at = 9_900), [Blocker::Soaking(500)]);
        assert_eq!(with(&|e| e.server_since = Some(9_990)), [Blocker::ServerYoung(20)]);
        assert!(matches!(with(&|e| e.watch = session.clone())[..], [Blocker::Unregistered(_)]));
        assert_eq!(with(&|e| e.watch = unwatched.clone()), [Blocker::Unwatched(600)]);
    }

    #[test]
    fn vouching_replaces_missing_evidence_and_never_what_is_seen() {
        let vouched = Policy { assume_no_fleet: true, ..POLICY };
        assert_eq!(require(1, &evidence(Vec::new()), &vouched), []);
        let old = evidence(vec![lease(0, 0, true, 1)]);
        assert!(matches!(require(1, &old, &vouched)[..], [Blocker::LiveBelow(_)]));
    }

    #[test]
    fn a_ceiling_falls_only_on_nobody() {
        let fleet = evidence(vec![lease(1, 1, true, 1)]);
        assert!(matches!(unadmit(0, &fleet, &POLICY)[..], [Blocker::LiveAbove(_)]));
        assert_eq!(unadmit(1, &fleet, &POLICY), []);
    }
}
