//! Declared connections against policies: open, blocked, partly open, or not to be told; and which policies decide.
//!
//! A connection is open where egress of the caller and ingress of the called let it through. Components own Pods by the
//! ownership join; parts of a component count with it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::{
    model::{Answer, Judgement, Model},
    rules::{Direction, Far, Port, Protocol},
    services::{self, Service},
};
use crate::{
    ownership::{Join, Spot},
    sort::Sort,
    workspace::{ComponentId, Connection, ConnectionId, ConnectionNeed, Fence, Workspace},
};

/// A declared connection and what policies say of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JudgedConnection {
    /// Which.
    pub connection: ConnectionId,
    /// Whether it must work.
    pub need: ConnectionNeed,
    /// What policies say of it as a whole.
    pub standing: Standing,
    /// Its paths, folded where policies say the same of them.
    pub paths: Vec<JudgedPath>,
    /// What else a reader should know.
    pub remarks: Vec<String>,
}

/// What policies say of a connection as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Every path is open.
    Open,
    /// Some paths are open.
    Partly,
    /// No path is open.
    Blocked,
    /// No path is known to be open, and some may be.
    NotVisible,
    /// Policies hold neither side.
    NotHeld,
}

/// Workloads that reach workloads, or do not, for the same reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JudgedPath {
    /// Workloads that call, as `namespace/name`; none when it is no Pod.
    pub from: Vec<String>,
    /// Workloads that are called; none when it is no Pod.
    pub to: Vec<String>,
    /// Ports of the called Pods.
    pub ports: Vec<Port>,
    /// Both sides together.
    pub answer: Answer,
    /// What policies of the caller say.
    pub egress: JudgedSide,
    /// What policies of the called say.
    pub ingress: JudgedSide,
}

/// One side of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct JudgedSide {
    /// What policies say.
    pub answer: Answer,
    /// The policies that decide.
    pub policies: Vec<String>,
    /// Why it cannot be told, or is not held.
    pub why: Option<String>,
    #[serde(skip)]
    pub(crate) spots: Vec<Spot>,
}

/// Transport protocols of what a connection declares as its protocol: `HTTPS`, `UDP`, `NTP`.
pub(crate) fn protocols(text: &str) -> Vec<Protocol> {
    let upper = text.to_ascii_uppercase();
    let words: Vec<&str> = upper.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let any = |names: &[&str]| words.iter().any(|word| names.contains(word));
    let mut found = Vec::new();
    if any(&["TCP"]) {
        found.push(Protocol::Tcp);
    }
    if any(&["UDP", "NTP", "SNTP", "SNMP", "QUIC", "DNS", "WIREGUARD", "VXLAN"]) {
        found.push(Protocol::Udp);
    }
    if any(&["SCTP"]) {
        found.push(Protocol::Sctp);
    }
    if found.is_empty() || any(&["DNS"]) && !found.contains(&Protocol::Tcp) {
        found.push(Protocol::Tcp);
    }
    found
}

/// Ports that a connection declares.
pub(crate) fn declared(connection: &Connection) -> impl Iterator<Item = Port> {
    protocols(&connection.protocol)
        .into_iter()
        .flat_map(|protocol| connection.ports.iter().map(move |&number| Port { protocol, number }))
}

/// Components that are this one or parts of it.
pub(crate) fn with_parts<'w>(workspace: &'w Workspace, id: &'w ComponentId) -> BTreeSet<&'w ComponentId> {
    let mut found = BTreeSet::from([id]);
    loop {
        let before = found.len();
        let parts = workspace.components.iter().filter(|one| one.part_of.as_ref().is_some_and(|of| found.contains(of)));
        let parts: Vec<&ComponentId> = parts.map(|part| &part.id).collect();
        found.extend(parts);
        if found.len() == before {
            return found;
        }
    }
}

/// The Pods of a component, or that it has none.
enum End {
    Groups(Vec<usize>),
    /// Outside the fence, or of the cluster but without Pods: what policies say of that side, and why.
    Other(Far<'static, 'static>, Answer, String),
}

/// Group that calls, group that is called, port, and what each side says.
type Pair = (Option<usize>, Option<usize>, Port, JudgedSide, JudgedSide);

/// Declared connections, resolved to Pods and ports.
pub(crate) struct Judge<'j, 'a> {
    join: &'j Join<'a>,
    pub(crate) model: &'j Model<'a>,
    services: Vec<Service<'a>>,
    by_component: HashMap<&'a ComponentId, Vec<usize>>,
}

impl<'j, 'a> Judge<'j, 'a> {
    pub(crate) fn new(join: &'j Join<'a>, model: &'j Model<'a>) -> Self {
        let mut by_component: HashMap<&ComponentId, Vec<usize>> = HashMap::new();
        for (number, group) in model.groups.iter().enumerate() {
            if let Some(component) = group.component {
                by_component.entry(&component.id).or_default().push(number);
            }
        }
        Self { join, model, services: services::selectors(join), by_component }
    }

    fn end(&self, id: &ComponentId) -> End {
        let workspace = self.join.workspace();
        let owned = with_parts(workspace, id);
        let mut groups: Vec<usize> =
            owned.iter().filter_map(|id| self.by_component.get(id)).flatten().copied().collect();
        groups.sort_unstable();
        if !groups.is_empty() {
            return End::Groups(groups);
        }
        self.without_pods(id)
    }

    fn without_pods(&self, id: &ComponentId) -> End {
        let Some(component) = self.join.workspace().components.iter().find(|component| component.id == *id) else {
            return End::Groups(Vec::new());
        };
        let title = &component.title;
        if component.fence == Fence::Outside {
            return End::Other(Far::Outside, Answer::NotHeld, format!("the cluster does not run {title}"));
        }
        // A claim of nodes or of cluster roles claims no Pods; any other may.
        const RUN_PODS: [&str; 7] = ["Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"];
        let may = |kinds: &[String]| {
            kinds.is_empty() || kinds.iter().any(|kind| RUN_PODS.contains(&kind.rsplit('/').next().unwrap_or(kind)))
        };
        if component.claims.iter().any(|claim| may(&claim.kinds)) {
            return End::Other(Far::Machines, Answer::NotVisible, format!("no running Pod of {title} was seen"));
        }
        End::Other(Far::Machines, Answer::NotHeld, format!("no Pods belong to {title}"))
    }

    /// The called end. A component outside the fence may run Pods in the cluster and be called elsewhere: where they serve
    /// other ports, that cannot be told.
    fn called_end(&self, connection: &Connection) -> End {
        let end = self.end(&connection.to);
        let End::Groups(groups) = &end else { return end };
        let component = self.join.workspace().components.iter().find(|component| component.id == connection.to);
        let outside = component.is_some_and(|component| component.fence == Fence::Outside);
        if !outside || !self.named(groups, connection).is_empty() {
            return end;
        }
        if groups.iter().all(|&group| self.model.groups[group].ports.is_empty()) {
            return self.without_pods(&connection.to);
        }
        let ports: Vec<String> = declared(connection).map(|port| port.to_string()).collect();
        let title = component.map_or("", |component| &component.title);
        let why = format!("no Pod of {title} in this cluster names {}", ports.join(", "));
        End::Other(Far::Outside, Answer::NotVisible, why)
    }

    /// Pods that name a port of the connection, or have a Service that does, with the port on which they are called.
    fn named(&self, groups: &[usize], connection: &Connection) -> BTreeSet<(usize, Port, Port)> {
        let mut found = BTreeSet::new();
        for port in declared(connection) {
            let listen = groups.iter().copied().filter(|&group| self.model.groups[group].listens(port));
            let listening: Vec<_> = listen.map(|group| (group, port, port)).collect();
            if !listening.is_empty() {
                found.extend(listening);
                continue;
            }
            for &group in groups {
                let targets = self.services.iter().flat_map(|one| one.targets(&self.model.groups[group], port));
                found.extend(targets.map(|target| (group, target, port)));
            }
        }
        found
    }

    /// The called Pods with the ports on which they are called.
    fn called(&self, groups: &[usize], connection: &Connection, remarks: &mut Vec<String>) -> Vec<(usize, Port)> {
        let named = self.named(groups, connection);
        for (_, target, port) in named.iter().filter(|(_, target, port)| target != port) {
            remarks.push(format!("port {} of the Service is port {} of the Pods", port.number, target.number));
        }
        let mut found: BTreeSet<(usize, Port)> = named.iter().map(|&(group, target, _)| (group, target)).collect();
        for port in declared(connection).filter(|port| named.iter().all(|(_, _, one)| one != port)) {
            remarks.push(format!("no container and no Service names {port}; all Pods were asked"));
            found.extend(groups.iter().map(|&group| (group, port)));
        }
        remarks.order();
        remarks.dedup();
        found.into_iter().collect()
    }

    /// Ports of Pods that callers of the connection reach.
    pub(crate) fn called_ports(&self, connection: &Connection) -> BTreeSet<Port> {
        match self.end(&connection.to) {
            End::Groups(groups) => self.named(&groups, connection).into_iter().map(|(_, target, _)| target).collect(),
            End::Other(..) => BTreeSet::new(),
        }
    }

    /// The workload of a group, by name.
    pub(crate) fn name(&self, group: usize) -> String {
        self.join.key(self.model.groups[group].root).name.to_string()
    }

    /// The workload of a group, as `namespace/name`.
    pub(crate) fn workload(&self, group: usize) -> String {
        let key = self.join.key(self.model.groups[group].root);
        if key.namespace.is_empty() { key.name.to_string() } else { format!("{}/{}", key.namespace, key.name) }
    }

    fn side(&self, judgement: &Judgement) -> JudgedSide {
        let policies = judgement.policies.iter().map(|&number| &self.model.policies[number]);
        JudgedSide {
            answer: judgement.answer,
            policies: policies.clone().map(|policy| policy.label.clone()).collect(),
            why: judgement.why.clone(),
            spots: policies.map(|policy| policy.spot).collect(),
        }
    }

    /// Judges one connection.
    pub(crate) fn connection(&self, connection: &Connection) -> JudgedConnection {
        let mut remarks = Vec::new();
        let (from, to) = (self.end(&connection.from), self.called_end(connection));
        let mut paths: Vec<Pair> = Vec::new();
        let other = |answer: Answer, why: &str| JudgedSide {
            answer,
            policies: Vec::new(),
            why: Some(why.to_owned()),
            spots: Vec::new(),
        };
        match (&from, &to) {
            (End::Groups(from), End::Groups(to)) => {
                let called = self.called(to, connection, &mut remarks);
                for &source in from {
                    for &(target, port) in &called {
                        let groups = &self.model.groups;
                        let egress = self.model.judge(Direction::Egress, source, Far::Pods(&groups[target]), port);
                        let ingress = self.model.judge(Direction::Ingress, target, Far::Pods(&groups[source]), port);
                        paths.push((Some(source), Some(target), port, self.side(&egress), self.side(&ingress)));
                    }
                }
            }
            (End::Groups(from), End::Other(far, answer, why)) => {
                for &source in from {
                    for port in declared(connection) {
                        let egress = self.model.judge(Direction::Egress, source, *far, port);
                        paths.push((Some(source), None, port, self.side(&egress), other(*answer, why)));
                    }
                }
            }
            (End::Other(far, answer, why), End::Groups(to)) => {
                for (target, port) in self.called(to, connection, &mut remarks) {
                    let ingress = self.model.judge(Direction::Ingress, target, *far, port);
                    paths.push((None, Some(target), port, other(*answer, why), self.side(&ingress)));
                }
            }
            (End::Other(_, one, from), End::Other(_, two, to)) => {
                paths.extend(declared(connection).map(|port| (None, None, port, other(*one, from), other(*two, to))));
            }
        }
        let paths = self.fold(paths);
        JudgedConnection {
            connection: connection.id.clone(),
            need: connection.need,
            standing: standing(&paths),
            paths,
            remarks,
        }
    }

    /// One path where policies say the same: first of the called for each caller and port, then of callers and ports.
    fn fold(&self, paths: Vec<Pair>) -> Vec<JudgedPath> {
        type Said = (JudgedSide, JudgedSide);
        let mut called: BTreeMap<(Option<usize>, Port, Said), BTreeSet<String>> = BTreeMap::new();
        for (from, to, port, egress, ingress) in paths {
            let names = called.entry((from, port, (egress, ingress))).or_default();
            names.extend(to.map(|group| self.workload(group)));
        }
        let mut callers: BTreeMap<(BTreeSet<String>, Port, Said), BTreeSet<String>> = BTreeMap::new();
        for ((from, port, said), to) in called {
            let names = callers.entry((to, port, said)).or_default();
            names.extend(from.map(|group| self.workload(group)));
        }
        let mut ports: BTreeMap<(BTreeSet<String>, BTreeSet<String>, Said), BTreeSet<Port>> = BTreeMap::new();
        for ((to, port, said), from) in callers {
            ports.entry((from, to, said)).or_default().insert(port);
        }
        let mut folded: Vec<JudgedPath> = ports
            .into_iter()
            .map(|((from, to, (egress, ingress)), ports)| JudgedPath {
                from: from.into_iter().collect(),
                to: to.into_iter().collect(),
                ports: ports.into_iter().collect(),
                answer: both(egress.answer, ingress.answer),
                egress,
                ingress,
            })
            .collect();
        folded.order_by_key(|path| path.answer);
        folded
    }
}

/// A path is what its worse side is.
fn both(egress: Answer, ingress: Answer) -> Answer {
    match (egress, ingress) {
        (Answer::Blocked, _) | (_, Answer::Blocked) => Answer::Blocked,
        (Answer::NotVisible, _) | (_, Answer::NotVisible) => Answer::NotVisible,
        (Answer::NotHeld, Answer::NotHeld) => Answer::NotHeld,
        _ => Answer::Open,
    }
}

fn standing(paths: &[JudgedPath]) -> Standing {
    let any = |answer| paths.iter().any(|path| path.answer == answer);
    let open = any(Answer::Open) || any(Answer::NotHeld);
    match (open, any(Answer::Blocked), any(Answer::NotVisible)) {
        (true, false, false) if !any(Answer::Open) => Standing::NotHeld,
        (true, false, false) => Standing::Open,
        (true, ..) => Standing::Partly,
        (false, true, false) => Standing::Blocked,
        (false, ..) => Standing::NotVisible,
    }
}

/// Judges every declared connection.
pub(crate) fn judge(join: &Join<'_>, judge: &Judge<'_, '_>) -> Vec<JudgedConnection> {
    join.workspace().connections.iter().map(|connection| judge.connection(connection)).collect()
}
