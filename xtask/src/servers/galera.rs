//! A private Galera cluster: MariaDB servers, each of which takes writes.
//!
//! Its nodes have no way to hand each other their files. They begin with the same ones, and take up a cluster that
//! all of them were part of, as after a power cut: so they start at the same time, and none needs any from another.
//! A node that ends does not come back.

use std::net::TcpListener;

use anyhow::{Context, Result};
use fs_err as fs;

use super::{
    Servers, all_at_once,
    home::Home,
    mariadb::{MariaDb, OWN_PORT, Release},
    mysqld::{self, DATA, Programs},
    running::Running,
};
use crate::process::say;

/// As few as a majority can be of when one is away.
const NODES: usize = 3;

/// The identity of the cluster's history.
const HISTORY: &str = "c0197160-0000-11ee-8000-000000000000";

const PROVIDER: &str = "usr/lib/galera/libgalera_smm.so";

/// What a node says when it is part of the cluster.
const JOINED: &str = "Synchronized with group";

/// A running cluster.
pub(crate) struct Cluster {
    nodes: Vec<Running>,
}

impl Cluster {
    pub(crate) fn start(release: &Release) -> Result<Self> {
        let ports = group_ports()?;
        let first = release.settle("galera")?;
        let data = first.0.path().join(DATA);
        let mut nodes = vec![first];
        while nodes.len() < NODES {
            let (home, programs) = release.move_in("galera")?;
            home.adopt(&data, DATA)?;
            nodes.push((home, programs));
        }
        let start = |(index, (home, programs)): (usize, (Home, Programs))| {
            move || {
                remember(index, &home)?;
                let options = options(index, ports, &programs)?;
                Running::start(&MariaDb { programs, options, words: Some(JOINED) }, home)
            }
        };
        let nodes = all_at_once(nodes.into_iter().enumerate().map(start).collect())?;
        let ports: Vec<_> = nodes.iter().map(|node| node.port().to_string()).collect();
        say("Started", format_args!("a Galera cluster of {release} on ports {}", ports.join(", ")));
        Ok(Self { nodes })
    }
}

impl Servers for Cluster {
    fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| mysqld::url(node.port())).collect()
    }
}

/// On which the nodes talk to each other. They are free when we look, all at once; a server that then does not get
/// its own says so.
fn group_ports() -> Result<[u16; NODES]> {
    let mut listeners = Vec::new();
    let mut ports = [0; NODES];
    for port in &mut ports {
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).context("there is no free loopback port")?;
        *port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    Ok(ports)
}

/// The files with which a node of a cluster that stopped knows how far it came, and who else was there.
fn remember(index: usize, home: &Home) -> Result<()> {
    let state = format!(
        "# GALERA saved state\nversion: 2.1\nuuid: {HISTORY}\nseqno: 0\nsafe_to_bootstrap: 0\n"
    );
    let members: String =
        (0..NODES).map(|node| format!("member: {} 0\n", identity(node))).collect();
    let view = format!(
        "my_uuid: {}\n#vwbeg\nview_id: 3 {} 1\nbootstrap: 0\n{members}#vwend\n",
        identity(index),
        identity(0)
    );
    let data = home.path().join(DATA);
    fs::write(data.join("grastate.dat"), state)?;
    fs::write(data.join("gvwstate.dat"), view)?;
    home.own(&data)
}

/// Of a node.
fn identity(index: usize) -> String {
    format!("c0197160-000{}-11ee-8000-000000000000", index + 1)
}

fn options(index: usize, ports: [u16; NODES], programs: &Programs) -> Result<Vec<String>> {
    let own = format!("127.0.0.1:{}", ports[index]);
    let all = ports.map(|port| format!("127.0.0.1:{port}")).join(",");
    Ok(vec![
        "--wsrep-on=ON".to_owned(),
        mysqld::option("wsrep-provider", &programs.file(PROVIDER)?),
        format!("--wsrep-provider-options=gmcast.listen_addr=tcp://{own};gcache.size=64M"),
        // A node that is of another cluster, which got a port of this one's, is not let in.
        format!("--wsrep-cluster-name=colmig-{}", ports[0]),
        format!("--wsrep-cluster-address=gcomm://{all}"),
        format!("--wsrep-node-name=node{}", index + 1),
        format!("--wsrep-node-address={own}"),
        // Where clients reach it. It says so to the others, and who asks one finds them all.
        format!("--wsrep-node-incoming-address=127.0.0.1:{OWN_PORT}"),
        "--wsrep-sst-method=skip".to_owned(),
        "--binlog-format=ROW".to_owned(),
        "--innodb-autoinc-lock-mode=2".to_owned(),
    ])
}
