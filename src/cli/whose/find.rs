//! Finds the object that a person means: kinds as kubectl understands them, names as they are.

use std::collections::BTreeSet;

use crate::{
    cli::{Failure, evidence::escaped},
    ownership::{ObjectKey, Spot},
    snapshot::{ListRecord, Snapshot},
    sort::Sort,
    workspace::diagnostic::nearest,
};

/// kubectl's short names, and those of custom resources that most clusters have.
const SHORT: &[(&str, &str)] = &[
    ("po", "Pod"),
    ("svc", "Service"),
    ("ns", "Namespace"),
    ("no", "Node"),
    ("cm", "ConfigMap"),
    ("sa", "ServiceAccount"),
    ("pv", "PersistentVolume"),
    ("pvc", "PersistentVolumeClaim"),
    ("rc", "ReplicationController"),
    ("quota", "ResourceQuota"),
    ("limits", "LimitRange"),
    ("ep", "Endpoints"),
    ("ev", "Event"),
    ("deploy", "Deployment"),
    ("ds", "DaemonSet"),
    ("rs", "ReplicaSet"),
    ("sts", "StatefulSet"),
    ("cj", "CronJob"),
    ("hpa", "HorizontalPodAutoscaler"),
    ("pdb", "PodDisruptionBudget"),
    ("ing", "Ingress"),
    ("netpol", "NetworkPolicy"),
    ("sc", "StorageClass"),
    ("pc", "PriorityClass"),
    ("crd", "CustomResourceDefinition"),
    ("crds", "CustomResourceDefinition"),
    ("csr", "CertificateSigningRequest"),
    ("cert", "Certificate"),
    ("certs", "Certificate"),
    ("vuln", "VulnerabilityReport"),
    ("polr", "PolicyReport"),
    ("app", "Application"),
    ("cpol", "ClusterPolicy"),
];

/// What is looked for.
pub(super) struct Search<'a> {
    kind: &'a str,
    /// Part of the API group, when the kind was written as `certificates.cert-manager.io`.
    group: Option<&'a str>,
    name: &'a str,
    namespace: Option<&'a str>,
}

/// An object that was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// Index of the snapshot.
    pub(super) snapshot: usize,
    /// Place within it.
    pub(super) spot: Spot,
}

impl<'a> Search<'a> {
    pub(super) fn new(object: &'a str, name: Option<&'a str>, namespace: Option<&'a str>) -> Result<Self, Failure> {
        let (kind, name) = match (object.split_once('/'), name) {
            (Some((kind, name)), None) => (kind, name),
            (None, Some(name)) => (object, name),
            _ => ("", ""),
        };
        if kind.is_empty() || name.is_empty() {
            return Err(Failure::new(format_args!("`{}` does not name an object", escaped(object)))
                .help("write KIND/NAME as for kubectl, for example `deploy/web -n shop`"));
        }
        let (kind, group) = match kind.split_once('.') {
            Some((kind, group)) => (kind, Some(group)),
            None => (kind, None),
        };
        Ok(Self { kind, group, name, namespace })
    }

    fn is_kind(&self, record: &ListRecord) -> bool {
        let kind = self.kind.to_lowercase();
        let own = record.kind.to_lowercase();
        let named = kind == own
            || kind == record.resource.to_lowercase()
            || SHORT.iter().any(|(short, full)| kind == *short && record.kind == *full);
        named && self.group.is_none_or(|group| record.group == group || record.group.starts_with(&format!("{group}.")))
    }

    /// Lists of the kind that is meant, over all snapshots.
    fn lists<'s>(&self, snapshots: &'s [Snapshot]) -> impl Iterator<Item = (usize, usize, &'s crate::snapshot::List)> {
        snapshots.iter().enumerate().flat_map(move |(number, snapshot)| {
            let lists = snapshot.lists.iter().enumerate().filter(|(_, list)| self.is_kind(&list.record));
            lists.map(move |(list, found)| (number, list, found))
        })
    }

    /// Objects with exactly this kind and name, and namespace if one was given.
    pub(super) fn hits(&self, snapshots: &[Snapshot]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (snapshot, list, found) in self.lists(snapshots) {
            for (object, value) in found.seen().iter().enumerate() {
                let here =
                    value.namespace.is_empty() || self.namespace.is_none_or(|wanted| *value.namespace == *wanted);
                if &*value.name == self.name && here {
                    hits.push(Hit { snapshot, spot: Spot { list, object } });
                }
            }
        }
        hits
    }

    fn key(snapshots: &[Snapshot], hit: Hit) -> Option<(String, ObjectKey)> {
        let snapshot = snapshots.get(hit.snapshot)?;
        let list = snapshot.lists.get(hit.spot.list)?;
        let object = list.seen().get(hit.spot.object)?;
        let key = ObjectKey {
            group: list.record.group.as_str().into(),
            kind: list.record.kind.as_str().into(),
            namespace: object.namespace.clone(),
            name: object.name.clone(),
        };
        Some((snapshot.header.cluster.id.clone(), key))
    }

    /// Says which objects the person may have meant.
    pub(super) fn several(&self, hits: &[Hit], snapshots: &[Snapshot]) -> Failure {
        const SHOWN: usize = 20;
        let lines: Vec<String> = hits
            .iter()
            .take(SHOWN)
            .filter_map(|&hit| Self::key(snapshots, hit))
            .map(|(cluster, key)| {
                let group = if key.group.is_empty() { String::new() } else { format!(" ({})", key.group) };
                let place = if snapshots.len() > 1 { format!(" in cluster {cluster}") } else { String::new() };
                escaped(&format!("{key}{group}{place}"))
            })
            .collect();
        let more =
            if hits.len() > SHOWN { format!("\n        and {} more", hits.len() - SHOWN) } else { String::new() };
        Failure::new(format_args!("{} objects are called {}", hits.len(), escaped(self.name))).help(format_args!(
            "say which one with -n, --cluster or the API group, as in `certificate.cert-manager.io/web`:\n        {}{more}",
            lines.join("\n        ")
        ))
    }

    /// Says what comes nearest.
    pub(super) fn nothing(&self, snapshots: &[Snapshot]) -> Failure {
        let lists: Vec<_> = self.lists(snapshots).map(|(_, _, list)| list).collect();
        if lists.is_empty() {
            let records = snapshots.iter().flat_map(|snapshot| &snapshot.lists).map(|list| &list.record);
            let mut kinds: BTreeSet<String> = records.map(|record| record.kind.to_lowercase()).collect();
            kinds.extend(SHORT.iter().filter(|(short, _)| short.len() > 2).map(|(short, _)| (*short).to_owned()));
            let failure = Failure::new(format_args!("no snapshot has objects of kind `{}`", escaped(self.kind)));
            return match nearest(&self.kind.to_lowercase(), kinds.iter().map(String::as_str)) {
                Some(near) => failure.help(format_args!("did you mean `{}`?", escaped(near))),
                None => failure.help("write the kind as kubectl does, for example `deploy` or `certificates`"),
            };
        }
        let place = self.namespace.map(|namespace| format!(" in namespace {}", escaped(namespace))).unwrap_or_default();
        let unread = lists.iter().filter_map(|list| list.complete().err());
        let unread: Vec<String> = unread.map(crate::snapshot::reason).collect();
        let failure = Failure::new(format_args!("no {} {} was seen{place}", escaped(self.kind), escaped(self.name)));
        if !unread.is_empty() {
            return failure.help(format_args!("it may exist all the same: {}", escaped(&unread.join("; "))));
        }
        let here = |namespace: &str| namespace.is_empty() || self.namespace.is_none_or(|wanted| namespace == wanted);
        let mut near: Vec<(usize, String)> = lists
            .iter()
            .flat_map(|list| list.seen().iter().map(|object| (object, &list.record.kind)))
            .filter(|(object, _)| here(&object.namespace))
            .map(|(object, kind)| {
                let far = strsim::damerau_levenshtein(self.name, &object.name);
                // The beginning of a generated name is as good as near.
                let far = if object.name.starts_with(self.name) { 1 } else { far };
                let place = if object.namespace.is_empty() { String::new() } else { format!("{}/", object.namespace) };
                (far, format!("{kind} {place}{}", object.name))
            })
            .filter(|(far, _)| *far <= self.name.len() / 3 + 1)
            .collect();
        near.order();
        near.dedup();
        let near: Vec<String> = near.into_iter().take(5).map(|(_, name)| escaped(&name)).collect();
        match near[..] {
            [] => failure.help("`kubectl get` with the same kind and namespace lists what there is"),
            _ => failure.help(format_args!("did you mean {}?", near.join(", "))),
        }
    }
}
