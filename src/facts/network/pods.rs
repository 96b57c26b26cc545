//! Pods as policies see them: those of one workload that no policy can tell apart are one group.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::IpAddr,
};

use super::{
    rules::{Port, Protocol},
    selector::{Labels, Target},
};
use crate::{
    facts::{observed::Reading, pod::Pods},
    ownership::{Join, Spot},
    sort::Sort,
    workspace::Component,
};

/// Pods of one workload that no policy can tell apart.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    pub(crate) namespace: &'a str,
    /// `None`: the namespace was not read.
    pub(crate) namespace_labels: Option<&'a Labels>,
    /// Labels that some selector asks for.
    pub(crate) labels: Labels,
    /// The workload: the root of the Pods' owners.
    pub(crate) root: Spot,
    pub(crate) component: Option<&'a Component>,
    /// They run in the network of their node, where no policy holds them.
    pub(crate) host_network: bool,
    /// Ports that their containers name.
    pub(crate) ports: Vec<(Option<String>, Port)>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) pods: usize,
}

impl Group<'_> {
    pub(crate) fn target(&self) -> Target<'_> {
        Target { namespace: self.namespace, namespace_labels: self.namespace_labels, labels: &self.labels }
    }

    pub(crate) fn listens(&self, port: Port) -> bool {
        self.ports.iter().any(|(_, one)| *one == port)
    }
}

/// What the Pods of one group have in common: workload, labels, network, ports.
type Alike = (Spot, Labels, bool, Vec<(Option<String>, Port)>);

/// Groups the Pods that run. `asked`: the labels that selectors ask for.
pub(crate) fn groups<'a>(
    join: &Join<'a>,
    pods: &Pods,
    reading: &mut Reading<'a>,
    asked: &HashSet<&str>,
) -> Vec<Group<'a>> {
    let namespaces: HashMap<&str, &Labels> =
        reading.need("", "Namespace").iter().map(|object| (&*object.name, &*object.labels)).collect();
    let owners = join.owners("", "Pod");
    let mut found: Vec<Group<'a>> = Vec::new();
    let mut numbers: HashMap<Alike, usize> = HashMap::new();
    for (index, object) in reading.need("", "Pod").iter().enumerate() {
        let (Some(pod), Some(spot)) = (reading.pod(pods, index, object), owners.spot(index)) else { continue };
        // A Pod that has ended keeps its object, but nothing of it is on the network.
        if pod.status.ended() {
            continue;
        }
        let labels: Labels = object
            .labels
            .iter()
            .filter(|(key, _)| asked.contains(&***key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let mut ports: Vec<(Option<String>, Port)> = pod
            .spec
            .all_containers()
            .flat_map(|(_, container)| &container.ports)
            .filter_map(|port| {
                let number = u16::try_from(port.container_port?).ok()?;
                let protocol = port.protocol.as_deref().map_or(Some(Protocol::Tcp), Protocol::parse)?;
                Some((port.name.clone(), Port { protocol, number }))
            })
            .collect();
        ports.order();
        ports.dedup();
        let (root, host_network) = (join.root(spot), pod.spec.host_network == Some(true));
        let address = pod.status.pod_ip.as_deref().and_then(|text| text.parse::<IpAddr>().ok());
        let key = (root, labels, host_network, ports);
        let number = *numbers.entry(key.clone()).or_insert_with(|| {
            let (root, labels, host_network, ports) = key;
            found.push(Group {
                namespace: &object.namespace,
                namespace_labels: namespaces.get(&*object.namespace).copied(),
                labels,
                root,
                component: join.component(spot),
                host_network,
                ports,
                addresses: Vec::new(),
                pods: 0,
            });
            found.len() - 1
        });
        found[number].pods += 1;
        found[number].addresses.extend(address);
    }
    found
}

/// Numbers of the groups in each namespace.
pub(crate) fn by_namespace<'a>(groups: &[Group<'a>]) -> BTreeMap<&'a str, Vec<usize>> {
    let mut found: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        found.entry(group.namespace).or_default().push(number);
    }
    found
}
