//! Claims: how a component recognises its objects, and which claims can never work.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use super::{
    super::{
        Claim,
        code::Code,
        diagnostic::Diagnostic,
        parse::Raw,
        raw::{self, Texts},
        source::Place,
    },
    context::{Context, Table, each},
};

/// Kinds that live in namespaces in every cluster: a claim on these alone can never match.
const NAMESPACED: &[&str] = &[
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Endpoints",
    "EndpointSlice",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Job",
    "Lease",
    "LimitRange",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "ReplicaSet",
    "ReplicationController",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
];

/// Kinds that never live in a namespace: together with namespaces they can never match.
const CLUSTER_SCOPED: &[&str] = &[
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "CSIDriver",
    "CSINode",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
];

/// Resolves one claim and checks that it can match.
pub(super) fn claim(component: &Table<'_>, claim: &Spanned<raw::Claim>) -> Claim {
    let table = component.within(claim, "a claim");
    let raw = claim.get_ref();
    can_match(&table, raw);
    Claim {
        namespaces: table.globs(&raw.namespaces),
        namespace_labels: table.map(&raw.namespace_labels),
        labels: table.map(&raw.labels),
        api_groups: table.globs(&raw.api_groups),
        kinds: table.list(&raw.kinds),
        names: table.globs(&raw.names),
        helm_releases: table.globs(&raw.helm_releases),
        applications: table.globs(&raw.applications),
        declared_at: table.here().to_string(),
    }
}

fn can_match(table: &Table<'_>, raw: &raw::Claim) {
    let filled = |list: &Texts| each(list).next().is_some();
    let mapped = |map: &raw::Map| map.as_ref().is_some_and(|map| !map.is_empty());
    let narrow = filled(&raw.namespaces)
        || filled(&raw.names)
        || filled(&raw.helm_releases)
        || filled(&raw.applications)
        || mapped(&raw.namespace_labels)
        || mapped(&raw.labels);
    if !narrow && !filled(&raw.kinds) && !filled(&raw.api_groups) {
        // A field that was there but could not be read may have been the narrow one.
        if table.unspoiled() {
            let message = format!("{} says nothing", table.what());
            table.report(
                Diagnostic::new(Code::EmptyClaim, table.here(), message, "would match every object")
                    .help("name namespaces, labels, Helm releases, applications, kinds or names"),
            );
        }
        return;
    }
    let impossible = |value: &Spanned<String>, message: String, help: &str| {
        table.report(Diagnostic::new(Code::ImpossibleClaim, table.at(value), message, "never matches").help(help));
    };
    for namespace in each(&raw.namespaces) {
        let text = namespace.get_ref();
        if let Some(bad) =
            text.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "-*?[]{},!".contains(*c)))
        {
            impossible(
                namespace,
                format!("no namespace can be called `{text}`: it contains `{}`", bad.escape_default()),
                "namespaces consist of lower-case letters, digits and hyphens; `*` stands for any of them",
            );
        } else if text.is_empty() || text.starts_with('-') || text.ends_with('-') || text.len() > 63 {
            impossible(
                namespace,
                format!("no namespace can be called `{text}`"),
                "namespaces start and end with a letter or digit and have at most 63 characters",
            );
        }
    }
    let in_namespaces = filled(&raw.namespaces) || mapped(&raw.namespace_labels);
    for kind in each(&raw.kinds) {
        let text = kind.get_ref();
        let name = text.rsplit_once('/').map_or(text.as_str(), |(_, name)| name);
        if !name.starts_with(|c: char| c.is_ascii_uppercase()) || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            let mut known = NAMESPACED.iter().chain(CLUSTER_SCOPED);
            let help = match known.find(|known| known.eq_ignore_ascii_case(name.trim_end_matches('s'))) {
                Some(known) => format!("did you mean `{known}`?"),
                None => "kinds are written as in manifests, for example `StatefulSet`".to_owned(),
            };
            impossible(kind, format!("`{text}` is not a kind"), &help);
        } else if !narrow && NAMESPACED.contains(&name) {
            impossible(
                kind,
                format!("a claim on kinds alone never matches a `{name}`"),
                "kind-only and group-only claims match cluster-scoped objects only: add namespaces, labels or names",
            );
        } else if in_namespaces && CLUSTER_SCOPED.contains(&name) {
            impossible(
                kind,
                format!("a `{name}` is in no namespace, so a claim with namespaces never matches it"),
                "claim it separately, for example by name or Helm release",
            );
        }
    }
    for group in each(&raw.api_groups) {
        let text = group.get_ref();
        if text.chars().any(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "-.*?[]{},!".contains(c))) {
            impossible(
                group,
                format!("`{text}` is not an API group"),
                "write the group without its version, for example `networking.k8s.io`; `\"\"` is the core group",
            );
        }
    }
    for map in [&raw.labels, &raw.namespace_labels] {
        for (key, value) in map.iter().flatten() {
            label(table, key, value);
        }
    }
}

/// Label syntax of Kubernetes: an optional DNS prefix, a name of at most 63 characters, a value of the same alphabet.
fn label(table: &Table<'_>, key: &Spanned<String>, value: &Spanned<String>) {
    let word = |text: &str| {
        text.len() <= 63
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    let name = key.get_ref().split_once('/').map_or(key.get_ref().as_str(), |(_, name)| name);
    let prefix = key.get_ref().split_once('/').map_or("", |(prefix, _)| prefix);
    let sound_prefix = prefix.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
    if !word(name) || !sound_prefix {
        let message = format!("`{}` is not a label key", key.get_ref());
        table.report(Diagnostic::new(Code::ImpossibleClaim, table.at(key), message, "never matches"));
    }
    let text = value.get_ref();
    if !text.is_empty() && text != "*" && !word(text) {
        let message = format!("`{text}` is not a label value");
        table.report(
            Diagnostic::new(Code::ImpossibleClaim, table.at(value), message, "never matches")
                .help("a label's value is given whole; `*` alone means any value"),
        );
    }
}

/// What a claim asks for, made comparable: two equal keys contest every object.
type Key = (Vec<BTreeSet<String>>, Vec<BTreeMap<String, String>>);

/// A claim already looked at: component, what it asks for, where it stands.
type Seen<'a> = (&'a str, Key, Place);

/// Claims with a value in common that a claim is compared with: beyond that the first ones show the pattern.
const COMPARED: usize = 64;

/// Reports claims of different components that ask for the same.
///
/// Fields AND, so only claims that use the same fields are equally specific; they contest each other when every listed
/// field shares a value.
pub(super) fn equal(context: &Context<'_>, raw: &Raw) {
    let mut seen: BTreeMap<(u8, String), Vec<Seen<'_>>> = BTreeMap::new();
    for item in &raw.components {
        let Some(id) = item.raw.id.as_ref().map(|id| id.get_ref().as_str()) else { continue };
        let table = context.table(item, "component", Some(&item.raw.id));
        for claim in item.raw.claim.iter().flatten() {
            let key = key(claim.get_ref());
            let Some((shape, probes)) = probes(&key) else { continue };
            let place = table.at(claim);
            let mut clashes: Vec<(&str, Place)> = Vec::new();
            for probe in &probes {
                let earlier = seen.get(&(shape, probe.clone())).into_iter().flatten();
                for (other, other_key, other_place) in earlier.take(COMPARED) {
                    if *other != id
                        && contest(&key, other_key)
                        && !clashes.iter().any(|(_, place)| place == other_place)
                    {
                        clashes.push((other, other_place.clone()));
                    }
                }
            }
            for (other, other_place) in clashes.into_iter().take(1) {
                let message = format!("components `{other}` and `{id}` claim the same objects equally specifically");
                context.report(
                    Diagnostic::new(Code::EqualClaims, place.clone(), message, format!("claim of `{id}`"))
                        .also(other_place, format!("claim of `{other}`"))
                        .help("make one of them more specific, for example with labels or names, or remove it"),
                );
            }
            for probe in probes {
                let like = seen.entry((shape, probe)).or_default();
                if like.len() < COMPARED {
                    like.push((id, key.clone(), place.clone()));
                }
            }
        }
    }
}

fn key(claim: &raw::Claim) -> Key {
    let set = |list: &Texts| each(list).map(|value| value.get_ref().clone()).collect::<BTreeSet<_>>();
    let map = |map: &raw::Map| {
        map.iter()
            .flatten()
            .map(|(key, value)| (key.get_ref().clone(), value.get_ref().clone()))
            .collect::<BTreeMap<_, _>>()
    };
    let lists =
        [&claim.names, &claim.helm_releases, &claim.applications, &claim.namespaces, &claim.kinds, &claim.api_groups];
    (lists.map(set).to_vec(), [&claim.labels, &claim.namespace_labels].map(map).to_vec())
}

/// Which fields are used, and the values of one of them, by any of which an overlap must show.
fn probes(key: &Key) -> Option<(u8, Vec<String>)> {
    let used = key.0.iter().map(|list| !list.is_empty()).chain(key.1.iter().map(|map| !map.is_empty()));
    let shape = used.enumerate().fold(0, |shape, (bit, used)| shape | (u8::from(used) << bit));
    let lists = key.0.iter().find(|list| !list.is_empty()).map(|list| list.iter().cloned().collect());
    let maps = || key.1.iter().find(|map| !map.is_empty()).and_then(|map| map.iter().next());
    let probes = lists.or_else(|| maps().map(|(key, value)| vec![format!("{key}={value}")]))?;
    Some((shape, probes))
}

fn contest(a: &Key, b: &Key) -> bool {
    let lists = a.0.iter().zip(&b.0).all(|(a, b)| a.is_empty() || a.intersection(b).next().is_some());
    lists && a.1 == b.1
}
