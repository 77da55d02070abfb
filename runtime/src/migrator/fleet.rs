//! What is known of the fleet: the evidence for a gate, the watch for clients that never registered, and
//! the barrier behind a window that moved.

use std::time::{Duration, Instant};

use colmig_core::admission::judge;
use colmig_core::gate::{Blocker, Evidence, LeaseView, Session, Watch};
use colmig_core::lifecycle::PhaseRange;
use colmig_core::migration::Change;
use colmig_core::progress::Progress;
use colmig_core::protocol::Act;

use super::{Event, Migrator};
use crate::Result;
use crate::driver::{Driver, Writer, ledger};

/// How often the barrier looks again.
const POLL: Duration = Duration::from_millis(50);

/// The tables that any change of any project touches.
pub(crate) fn tables(rows: &[Progress]) -> Vec<String> {
    let tables = rows.iter().flat_map(|row| row.change.tables());
    let mut tables: Vec<_> = tables.map(str::to_owned).collect();
    tables.sort();
    tables.dedup();
    tables
}

/// Sessions that may write and belong to no registered instance; `None` where the database cannot show
/// its sessions.
///
/// First the sessions, then the instances: an instance registers before its pool opens, so whoever is in
/// the first list by right is in the second too, unless its lease ended in between; hence `since`. An
/// instance whose lease has run out and that has done nothing since (it is asleep, or its network is gone)
/// is no stranger: its lease is what the gate goes by, and the barrier ends its sessions.
async fn strangers(
    driver: &mut dyn Driver,
    tables: &[String],
    ignored: &[String],
    since: i64,
) -> Result<Option<Vec<Session>>> {
    let Some(mut writers) = driver.writers(tables).await? else { return Ok(None) };
    let instances = ledger::instances(driver).await?;
    writers.retain(|Writer { session, active_at }| {
        let registered = registered_id(&session.application).is_some_and(|id| {
            let ended = |i: &ledger::Instance| i.expires_at < since && i.expires_at < *active_at;
            instances.iter().any(|i| i.id == id && !ended(i))
        });
        !registered && !ignored.contains(&session.application)
    });
    Ok(Some(writers.into_iter().map(|writer| writer.session).collect()))
}

/// The instance that a session says it belongs to: `colmig:<id> …`.
fn registered_id(application: &str) -> Option<&str> {
    application.strip_prefix("colmig:")?.split(' ').next()
}

/// One look for sessions that never registered, recorded in the ledger. A look is worth something only
/// without long gaps (`gap_ms`), and one that somebody took a moment ago need not be taken again.
pub(crate) async fn look(driver: &mut dyn Driver, gap_ms: i64) -> Result<()> {
    let watch = ledger::watch(driver).await?;
    if watch.polled_at > watch.now - gap_ms / 6 {
        return Ok(());
    }
    let tables = tables(&ledger::changes(driver, None).await?);
    if let Some(sessions) = strangers(driver, &tables, &watch.ignored, watch.now).await? {
        let seen: Vec<_> = sessions.iter().map(Session::to_string).collect();
        ledger::record_watch(driver, &seen.join("; "), gap_ms).await?;
    }
    Ok(())
}

impl Migrator {
    /// Looks once, so that the record goes on; outside the gate's transaction, which may be rolled back.
    pub(super) async fn look(&mut self) -> Result<()> {
        if self.options.policy.leases {
            ledger::set_ignored(self.driver.as_mut(), &self.options.ignore_clients).await?;
            look(self.driver.as_mut(), self.options.policy.ttl).await?;
        }
        Ok(())
    }

    /// Everything that a gate of this change looks at. Called after the gate row is locked: under READ
    /// COMMITTED each statement here sees every registration that was committed before the lock.
    pub(super) async fn evidence(&mut self, index: usize) -> Result<Evidence> {
        let change = self.rows[index].change.clone();
        let moved_at = self.rows[index].moved_at;
        let lock = self.driver.gate_lock(false);
        let gate = ledger::gate(self.driver.as_mut(), lock).await?;
        let instances = ledger::instances(self.driver.as_mut()).await?;
        let server_since = match self.driver.server().await? {
            Some((started, timeline)) => {
                Some(ledger::timeline(self.driver.as_mut(), &gate, started, &timeline).await?)
            }
            None => None,
        };
        let tables = tables(&self.rows);
        let ignored = self.options.ignore_clients.clone();
        let sessions = strangers(self.driver.as_mut(), &tables, &ignored, gate.now).await?;
        let watch = match sessions {
            None => Watch::Blind,
            Some(sessions) => {
                let row = ledger::watch(self.driver.as_mut()).await?;
                let fresh = row.polled_at >= gate.now - self.options.policy.ttl;
                let clean_since = (row.clean_since > 0 && fresh).then_some(row.clean_since);
                Watch::Polled { clean_since, sessions }
            }
        };
        let untouched = self.untouched(&change).await?;
        let leases = instances.into_iter().map(|instance| self.view(instance, &change)).collect();
        Ok(Evidence {
            now: gate.now,
            server_since,
            leases,
            window_moved_at: moved_at,
            watch,
            untouched,
        })
    }

    fn view(&self, instance: ledger::Instance, change: &Change) -> LeaseView {
        let owns = instance.vector.project == self.options.project;
        // Who proves that a table can go is who does not know it any more.
        let is_without =
            change.has(Act::DropTable) && owns && !instance.vector.links(&change.table);
        let last = PhaseRange { low: change.phases.last, high: change.phases.last };
        LeaseView {
            label: format!("`{}`", instance.label),
            range: if is_without { Some(last) } else { instance.vector.range(change) },
            owning_writer: owns && (instance.vector.writes_subject(change) || is_without),
            live: instance.live,
            expires_at: instance.expires_at,
        }
    }

    /// Whether nobody can ever have used the table (or the enum type, in any table): this ledger made it, it is
    /// empty, and no build that links it has run. Then there is no fleet to wait for.
    pub(super) async fn untouched(&mut self, change: &Change) -> Result<bool> {
        let mut tables: Vec<_> = change.tables().into_iter().map(str::to_owned).collect();
        if change.enumeration.is_some() {
            // One that was dropped, or never made, holds no rows.
            let catalog = self.driver.catalog(&tables).await?;
            tables.retain(|table| catalog.tables.contains_key(table));
        }
        let is_made = |table: &String| self.rows.iter().any(|row| row.made(table));
        if !tables.iter().all(is_made) {
            return Ok(false);
        }
        let builds = ledger::builds(self.driver.as_mut()).await?;
        if builds.iter().any(|build| build.links_subject(change)) {
            return Ok(false);
        }
        for table in &tables {
            if !ledger::is_empty(self.driver.as_mut(), table).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Rule L14: after the ceiling falls, some release that has run must fit all windows.
    pub(super) async fn nobody_fits(&mut self, index: usize) -> Result<Option<Blocker>> {
        let builds = ledger::builds(self.driver.as_mut()).await?;
        let own: Vec<_> =
            builds.into_iter().filter(|b| b.project == self.options.project).collect();
        if own.is_empty() || !self.options.policy.leases {
            return Ok(None);
        }
        let mut after = self.rows.clone();
        after[index].position -= 1;
        let catalog = self.driver.catalog(&tables(&after)).await?;
        let fits = own.iter().any(|build| judge(build, &after, &catalog).is_empty());
        Ok((!fits).then_some(Blocker::NobodyFits))
    }

    /// The drain barrier (rule R32), after a floor rose: transactions that were open then must end, and
    /// sessions of instances without a lease are ended. Who is still there after `patience`; empty:
    /// nobody.
    pub(super) async fn drain(&mut self, index: usize) -> Result<Vec<Session>> {
        if !self.options.policy.leases {
            return Ok(Vec::new());
        }
        let id = self.rows[index].change.id.clone();
        if !self.draining.contains_key(&id) {
            let open = self.driver.open_transactions().await?;
            self.draining.insert(id.clone(), open.into_iter().map(|old| old.id).collect());
        }
        let began = Instant::now();
        let mut told = false;
        loop {
            self.stopped()?;
            let left = self.undrained(&id).await?;
            if left.is_empty() {
                self.draining.remove(&id);
                return Ok(left);
            }
            if began.elapsed() > self.options.patience {
                return Ok(left);
            }
            if !std::mem::replace(&mut told, true) {
                self.tell(Event::Draining(left));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn undrained(&mut self, id: &str) -> Result<Vec<Session>> {
        let waited_for = self.draining.get(id).cloned().unwrap_or_default();
        let open = self.driver.open_transactions().await?;
        let mut left: Vec<_> = open
            .into_iter()
            .filter(|old| waited_for.contains(&old.id))
            .map(|old| old.session)
            .collect();
        // The clock first, then the leases: an instance that registers meanwhile opens its sessions later.
        let before = ledger::gate(self.driver.as_mut(), "").await?.now;
        let instances = ledger::instances(self.driver.as_mut()).await?;
        let live: Vec<_> = instances.into_iter().filter(|i| i.live).map(|i| i.id).collect();
        left.extend(self.driver.end_sessions_except(&live, before).await?);
        Ok(left)
    }
}
