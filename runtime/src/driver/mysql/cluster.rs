//! The other servers of a Galera cluster. Each knows its own sessions, their transactions and their locks only; so what
//! is asked about those is asked of all of them, and one that cannot be asked is never taken for one where nobody is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use colmig_core::problem::{Problem, UNREACHABLE};
use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};

use super::{MODE, NOW, OWN, WIRE, plain};
use crate::driver::{DbError, Row, Value};

/// What a session of ours is told in a cluster besides: it sees all that was committed before on any server, for what it
/// reads (1), changes (2), inserts (4), and asks of the catalog by SHOW (8). A heartbeat outside of a transaction goes by
/// what its UPDATE met, so reads alone will not do.
pub(super) const SYNC: &str = "SET SESSION wsrep_sync_wait = 15";

/// How long a server may take to let us in.
const PATIENCE: Duration = Duration::from_secs(5);

/// By how many milliseconds the clocks of two servers may differ: an instance stops well before its lease ends, and the
/// clock of one server began the lease which that of another ends.
const SKEW: i64 = 1_000;

/// What a server says of the cluster that it is part of.
const VIEW: &str = "SHOW GLOBAL STATUS WHERE Variable_name IN
    ('wsrep_incoming_addresses', 'wsrep_local_index', 'wsrep_gcomm_uuid', 'wsrep_cluster_state_uuid', 'wsrep_cluster_size')";

/// How long replication stood still, in nanoseconds, since the server started.
const PAUSED: &str = "SHOW GLOBAL STATUS LIKE 'wsrep_flow_control_paused_ns'";

/// What a server says when it is asked whether it is part of a cluster.
pub(super) const VARIABLES: &str =
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_on', 'wsrep_provider')";

/// Whether these variables are those of a node.
pub(super) fn is_node(variables: &[Row]) -> bool {
    let value = |name: &str| {
        let found = variables.iter().find(|row| row[0].text().eq_ignore_ascii_case(name));
        found.map_or("", |row| row[1].text())
    };
    value("wsrep_on") == "ON" && !matches!(value("wsrep_provider"), "" | "none")
}

/// The other servers, as far as they are known.
pub(super) struct Cluster {
    options: MySqlConnectOptions,
    peers: BTreeMap<String, Peer>,
    paused: Option<u64>,
}

struct Peer {
    id: String,
    connection: MySqlConnection,
}

/// The cluster as one server sees it.
struct View {
    addresses: Vec<String>,
    index: usize,
    id: String,
    history: String,
    size: usize,
}

impl View {
    async fn of(connection: &mut MySqlConnection) -> Result<View, DbError> {
        let rows = WIRE.rows(connection, VIEW, &[]).await?;
        let value = |name: &str| {
            let found = rows.iter().find(|row| row[0].text().eq_ignore_ascii_case(name));
            found.map_or("", |row| row[1].text()).to_owned()
        };
        let number = |name: &str| value(name).parse().unwrap_or(usize::MAX);
        let addresses = value("wsrep_incoming_addresses");
        Ok(View {
            addresses: addresses.split(',').map(|address| address.trim().to_owned()).collect(),
            index: number("wsrep_local_index"),
            id: value("wsrep_gcomm_uuid"),
            history: value("wsrep_cluster_state_uuid"),
            size: number("wsrep_cluster_size"),
        })
    }
}

impl Cluster {
    pub(super) fn new(options: MySqlConnectOptions) -> Cluster {
        Cluster { options, peers: BTreeMap::new(), paused: None }
    }

    /// The address of our own server, and the identity of what the cluster replicates.
    pub(super) async fn own(&self, own: &mut MySqlConnection) -> Result<(String, String), DbError> {
        let view = View::of(own).await?;
        let address = view.addresses.get(view.index).cloned();
        Ok((address.unwrap_or_default(), view.history))
    }

    /// What every other server answers, under its address. `own` leads to ours.
    pub(super) async fn ask(
        &mut self,
        own: &mut MySqlConnection,
        sql: &str,
        parameters: &[Value],
    ) -> Result<Vec<(String, Vec<Row>)>, DbError> {
        self.meet(own).await?;
        let mut answers = Vec::new();
        for address in self.peers.keys().cloned().collect::<Vec<_>>() {
            answers.push((address.clone(), self.ask_one(own, &address, sql, parameters).await?));
        }
        Ok(answers)
    }

    /// Whether it is one of the others that were asked last.
    pub(super) fn knows(&self, address: &str) -> bool {
        self.peers.contains_key(address)
    }

    /// Runs a statement on one of the others.
    pub(super) async fn tell(&mut self, address: &str, sql: &str) -> Result<(), DbError> {
        match self.peers.get_mut(address) {
            Some(peer) => WIRE.script(&mut peer.connection, sql).await,
            None => Ok(()),
        }
    }

    /// A connection that was not used for long may be gone; a new one is as good.
    async fn ask_one(
        &mut self,
        own: &mut MySqlConnection,
        address: &str,
        sql: &str,
        parameters: &[Value],
    ) -> Result<Vec<Row>, DbError> {
        for is_last in [false, true] {
            let Some(peer) = self.peers.get_mut(address) else { break };
            match WIRE.rows(&mut peer.connection, sql, parameters).await {
                Ok(rows) => return Ok(rows),
                Err(error) if is_last => return Err(silent(address, &error.message)),
                Err(_) => {
                    self.peers.remove(address);
                    self.meet(own).await?;
                }
            }
        }
        // It has left the cluster meanwhile, and takes no writes.
        Ok(Vec::new())
    }

    /// Knows everybody who is part of the cluster now, and nobody else.
    async fn meet(&mut self, own: &mut MySqlConnection) -> Result<(), DbError> {
        let view = View::of(own).await?;
        let others = view.addresses.iter().enumerate().filter(|(index, _)| *index != view.index);
        let others: BTreeSet<_> = others.map(|(_, address)| address.clone()).collect();
        self.peers.retain(|address, _| others.contains(address));
        for address in others {
            if !self.peers.contains_key(&address) {
                let peer = self.connect(own, &view, &address).await?;
                self.peers.insert(address, peer);
            }
        }
        let seen: BTreeSet<_> =
            self.peers.values().map(|peer| &peer.id).chain([&view.id]).collect();
        if seen.len() == view.size {
            return Ok(());
        }
        let said = view.addresses.join(", ");
        Err(DbError::verdict(
            UNREACHABLE
                .problem(format!(
                    "{} of the {} servers of the cluster can be told apart by their addresses: {said}",
                    seen.len(),
                    view.size
                ))
                .help(NAMED),
        ))
    }

    async fn connect(
        &self,
        own: &mut MySqlConnection,
        view: &View,
        address: &str,
    ) -> Result<Peer, DbError> {
        let Some((host, port)) = host_and_port(address, self.options.get_port()) else {
            let what = format!("a server of the cluster says that its address is `{address}`");
            return Err(DbError::verdict(UNREACHABLE.problem(what).help(NAMED)));
        };
        let options = self.options.clone().host(&host).port(port);
        let connected = tokio::time::timeout(PATIENCE, options.connect()).await;
        let mut connection = match connected {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(silent(address, &plain(&error))),
            Err(_) => return Err(silent(address, "it does not answer")),
        };
        let begun = format!("{MODE}; {SYNC}; DO get_lock({OWN}, 0)");
        WIRE.script(&mut connection, &begun).await?;
        let other = View::of(&mut connection).await?;
        if other.history != view.history || other.id.is_empty() {
            return Err(silent(address, "what answers there is part of another cluster"));
        }
        let (before, there, after) =
            (clock(own).await?, clock(&mut connection).await?, clock(own).await?);
        if there < before - SKEW || there > after + SKEW {
            let what = format!(
                "the clocks of the cluster's servers differ: that of {address} by {} ms",
                (there - before).abs()
            );
            return Err(DbError::verdict(UNREACHABLE.problem(what).help(
                "set them by NTP: the clock of one server ends the leases that that of another began",
            )));
        }
        Ok(Peer { id: other.id, connection })
    }

    /// For how long replication stood still since this was asked last.
    pub(super) async fn held_back(
        &mut self,
        own: &mut MySqlConnection,
    ) -> Result<Option<Duration>, DbError> {
        let rows = WIRE.rows(own, PAUSED, &[]).await?;
        let now = rows.first().and_then(|row| row[1].text().parse::<u64>().ok()).unwrap_or(0);
        let before = self.paused.replace(now).unwrap_or(now);
        Ok(Some(Duration::from_nanos(now.saturating_sub(before))).filter(|held| !held.is_zero()))
    }
}

const NAMED: &str = "set wsrep_node_incoming_address on each server to the host and port at which clients reach it: \
                     sessions are known to their own server only, so every one is asked";

async fn clock(connection: &mut MySqlConnection) -> Result<i64, DbError> {
    let rows = WIRE.rows(connection, &format!("SELECT {NOW}"), &[]).await?;
    Ok(rows.first().map_or(0, |row| row[0].int()))
}

fn silent(address: &str, why: &str) -> DbError {
    DbError::verdict(not_asked(address, why))
}

fn not_asked(address: &str, why: &str) -> Problem {
    UNREACHABLE
        .problem(format!("the server {address} of the cluster cannot be asked who is connected: {why}"))
        .help("let the user of the database URL reach each server at the address that wsrep_incoming_addresses says; \
               one that has ended is gone from there after some seconds")
}

/// `10.0.0.1:3306`, `[::1]:3306`, or without a port; nothing where the server does not know it.
fn host_and_port(address: &str, usual: u16) -> Option<(String, u16)> {
    if address.is_empty() || address.eq_ignore_ascii_case("AUTO") {
        return None;
    }
    let bare = |host: &str| host.trim_start_matches('[').trim_end_matches(']').to_owned();
    match address.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            Some((bare(host), port.parse().ok().filter(|port| *port != 0).unwrap_or(usual)))
        }
        _ => Some((bare(address), usual)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_or_the_usual_one() {
        for (address, expected) in [
            ("10.0.0.1:3307", Some(("10.0.0.1", 3307))),
            ("db-1.example", Some(("db-1.example", 3306))),
            ("[::1]:3307", Some(("::1", 3307))),
            ("::1", Some(("::1", 3306))),
            ("10.0.0.1:0", Some(("10.0.0.1", 3306))),
            ("AUTO", None),
            ("", None),
        ] {
            let expected = expected.map(|(host, port)| (host.to_owned(), port));
            assert_eq!(host_and_port(address, 3306), expected, "{address}");
        }
    }

    #[test]
    fn a_server_is_a_node_if_it_has_a_provider_and_uses_it() {
        let rows = |on: &str, provider: &str| {
            vec![
                vec![Value::from("wsrep_on"), Value::from(on)],
                vec![Value::from("wsrep_provider"), Value::from(provider)],
            ]
        };
        assert!(is_node(&rows("ON", "/usr/lib/galera/libgalera_smm.so")));
        assert!(!is_node(&rows("OFF", "/usr/lib/galera/libgalera_smm.so")));
        assert!(!is_node(&rows("ON", "none")));
        assert!(!is_node(&[]));
    }
}
