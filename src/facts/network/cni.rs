//! Whether anything enforces network policies: the network plug-in, as far as DaemonSets show it.
//!
//! A plug-in inside a managed service, or inside the machines' own software, shows no DaemonSet.

use serde::{Deserialize, Serialize};

use super::selector::Match;
use crate::{
    facts::observed::{Observed, Reading},
    ownership::{Join, Spot},
    snapshot::{BodyError, Snapshot},
    sort::Sort,
};

/// Network plug-ins seen, and whether one of them enforces policies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NetworkPlugins {
    /// Those seen, by product.
    pub seen: Vec<NetworkPlugin>,
    /// Whether policies are enforced, as far as is visible.
    pub enforced: Enforcement,
}

/// A network plug-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NetworkPlugin {
    /// Product, for example `Cilium`.
    pub product: &'static str,
    /// DaemonSet, as `namespace/name`.
    pub daemon_set: String,
    /// Image of the container that tells.
    pub image: String,
    /// Whether it enforces policies.
    pub enforces: Enforcement,
    /// What else has to hold.
    pub remark: Option<&'static str>,
    #[serde(skip)]
    pub(crate) spot: Option<Spot>,
}

/// Whether policies are enforced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enforcement {
    /// A plug-in that enforces them runs.
    Enforced,
    /// Only plug-ins that do not are there.
    NotEnforced,
    /// The API does not show it.
    #[default]
    NotVisible,
}

struct Known {
    product: &'static str,
    /// End of an image's name without registry and tag.
    image: &'static str,
    enforces: Enforcement,
    remark: Option<&'static str>,
}

const fn known(product: &'static str, image: &'static str, enforces: Enforcement) -> Known {
    Known { product, image, enforces, remark: None }
}

const KNOWN: &[Known] = &[
    Known {
        remark: Some("unless its setting `enable-policy` is `never`, which is in a ConfigMap that is not read"),
        ..known("Cilium", "cilium/cilium", Enforcement::Enforced)
    },
    known("GKE Dataplane V2 (Cilium)", "cilium/anetd", Enforcement::Enforced),
    known("GKE Dataplane V2 (Cilium)", "anetd", Enforcement::Enforced),
    known("Calico", "calico/node", Enforcement::Enforced),
    known("Calico", "mirrored-calico-node", Enforcement::Enforced),
    known("Antrea", "antrea-agent-ubuntu", Enforcement::Enforced),
    known("Antrea", "antrea-agent-ubi", Enforcement::Enforced),
    known("Antrea", "antrea-ubuntu", Enforcement::Enforced),
    Known {
        remark: Some("unless its flag `--run-firewall` is false, which is not read"),
        ..known("kube-router", "kube-router", Enforcement::Enforced)
    },
    known("Weave Net", "weave-npc", Enforcement::Enforced),
    known("OVN-Kubernetes", "ovn-kube", Enforcement::Enforced),
    known("OVN-Kubernetes", "ovnkube", Enforcement::Enforced),
    known("Azure Network Policy Manager", "azure-npm", Enforcement::Enforced),
    Known {
        remark: Some("its agent is there; whether it is switched on is a flag that is not read"),
        ..known("Amazon VPC CNI network policy agent", "aws-network-policy-agent", Enforcement::NotVisible)
    },
    Known {
        remark: Some("the plug-in alone does not enforce; its network policy agent does"),
        ..known("Amazon VPC CNI", "amazon-k8s-cni", Enforcement::NotEnforced)
    },
    known("flannel", "flannel", Enforcement::NotEnforced),
    known("kindnet", "kindnetd", Enforcement::NotVisible),
];

/// `docker.io/kindest/kindnetd:v20241007-1a2b@sha256:…` as name and tag.
fn name_and_tag(image: &str) -> (&str, &str) {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, ""),
    }
}

fn recognise(image: &str) -> Option<(&'static Known, Enforcement)> {
    let (name, tag) = name_and_tag(image);
    let ends = |known: &&Known| name == known.image || name.ends_with(&format!("/{}", known.image));
    let known = KNOWN.iter().find(ends)?;
    // kindnet enforces since kind 0.24, whose image is of 2024-08-13; its tags begin with the date.
    let date = tag.strip_prefix('v').and_then(|tag| tag.get(..8)).and_then(|date| date.parse::<u32>().ok());
    let enforces = match (known.product, date) {
        ("kindnet", Some(date)) if date >= 20_240_813 => Enforcement::Enforced,
        ("kindnet", Some(_)) => Enforcement::NotEnforced,
        _ => known.enforces,
    };
    Some((known, enforces))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    template: Template,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Template {
    spec: crate::facts::pod::PodSpec,
}

fn plugins(object: &crate::snapshot::Object, spot: Option<Spot>) -> Result<Vec<NetworkPlugin>, BodyError> {
    let spec = object.body::<Body>()?.spec.template.spec;
    let mut found: Vec<NetworkPlugin> = Vec::new();
    for image in spec.all_containers().filter_map(|(_, container)| container.image.as_deref()) {
        let Some((known, enforces)) = recognise(image) else { continue };
        if found.iter().any(|plugin| plugin.product == known.product) {
            continue;
        }
        found.push(NetworkPlugin {
            product: known.product,
            daemon_set: format!("{}/{}", object.namespace, object.name),
            image: image.to_owned(),
            enforces,
            remark: known.remark,
            spot,
        });
    }
    Ok(found)
}

fn verdict(seen: &[NetworkPlugin]) -> Enforcement {
    let any = |enforcement| seen.iter().any(|plugin| plugin.enforces == enforcement);
    match () {
        () if any(Enforcement::Enforced) => Enforcement::Enforced,
        () if any(Enforcement::NotVisible) || seen.is_empty() => Enforcement::NotVisible,
        () => Enforcement::NotEnforced,
    }
}

pub(crate) fn observe(join: &Join<'_>) -> Observed<NetworkPlugins> {
    let mut reading = Reading::new(join.snapshot());
    let owners = join.owners("apps", "DaemonSet");
    let mut seen = Vec::new();
    for (index, object) in reading.need("apps", "DaemonSet").iter().enumerate() {
        match plugins(object, owners.spot(index)) {
            Ok(found) => seen.extend(found),
            Err(error) => reading.odd(object, error),
        }
    }
    seen.order_by(|a, b| (a.product, &a.daemon_set).cmp(&(b.product, &b.daemon_set)));
    let enforced = verdict(&seen);
    reading.finish(NetworkPlugins { seen, enforced })
}

/// Whether blocks of addresses match addresses of Pods. Cilium goes by identity: a block never matches a Pod. The others
/// known go by address; of an unknown one nothing is known.
pub(crate) fn cidr_sees_pods(snapshot: &Snapshot) -> Match {
    let objects = snapshot.list("apps", "DaemonSet").map_or(&[][..], |list| list.seen());
    let seen: Vec<NetworkPlugin> = objects.iter().filter_map(|object| plugins(object, None).ok()).flatten().collect();
    let mut enforcing = seen.iter().filter(|plugin| plugin.enforces == Enforcement::Enforced);
    match enforcing.next() {
        None => Match::Unknown,
        Some(plugin) if plugin.product.contains("Cilium") => Match::No,
        Some(_) => Match::Yes,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::assess::testing::object;

    fn judged(images: &[&str]) -> Enforcement {
        let containers: Vec<_> = images.iter().map(|image| json!({ "name": "c", "image": image })).collect();
        let body = json!({ "spec": { "template": { "spec": { "containers": containers } } } });
        verdict(&plugins(&object("kube-system", "net", body), None).expect("a DaemonSet"))
    }

    #[test]
    fn plugins_are_known_by_the_images_of_their_daemon_sets() {
        assert_eq!(judged(&["quay.io/cilium/cilium:v1.18.4@sha256:aa"]), Enforcement::Enforced);
        assert_eq!(judged(&["quay.io/calico/node:v3.31.0"]), Enforcement::Enforced);
        assert_eq!(judged(&["docker.io/flannel/flannel:v0.26.1"]), Enforcement::NotEnforced);
        // Canal: flannel moves packets, Calico enforces.
        assert_eq!(
            judged(&["docker.io/flannel/flannel:v0.26.1", "docker.io/calico/node:v3.29.0"]),
            Enforcement::Enforced
        );
        let eks = "602401143452.dkr.ecr.eu-west-1.amazonaws.com";
        assert_eq!(judged(&[&format!("{eks}/amazon-k8s-cni:v1.19.0")]), Enforcement::NotEnforced);
        let agent = format!("{eks}/amazon/aws-network-policy-agent:v1.1.5");
        assert_eq!(judged(&[&format!("{eks}/amazon-k8s-cni:v1.19.0"), &agent]), Enforcement::NotVisible);
        assert_eq!(judged(&["docker.io/kindest/kindnetd:v20250214-acbabc1a"]), Enforcement::Enforced);
        assert_eq!(judged(&["docker.io/kindest/kindnetd:v20230511-dc714da8"]), Enforcement::NotEnforced);
        assert_eq!(judged(&["example.com/agent:1"]), Enforcement::NotVisible);
    }
}
