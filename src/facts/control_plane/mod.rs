//! The control plane: settings of API server, controller manager, scheduler and etcd, as their command lines show them.
//!
//! In: static Pods in kube-system, or the ConfigMap `kubeadm-config` where no Pod is seen. Out: a [`ControlPlane`]: per
//! component its settings, each set, default or not visible, with the nodes that differ.
//!
//! Invariant: what nobody set is never shown as set, and what was only configured is never shown as running.

pub(crate) mod flags;
pub(crate) mod kubeadm;
pub(crate) mod kubelets;
pub(crate) mod provider;
pub(crate) mod settings;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

use self::{
    flags::{CommandLine, Value},
    settings::minor,
};
use super::observed::{Observed, Reading};
use crate::{ownership::Join, sort::Sort};

/// Components of the control plane whose settings can be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ControlPlane {
    /// By name, those only that were seen.
    pub components: Vec<PlaneComponent>,
}

/// One component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaneComponent {
    /// Name, for example `kube-apiserver`.
    pub name: String,
    /// How its settings are known.
    pub source: PlaneSource,
    /// Nodes that run it, by name.
    pub nodes: Vec<String>,
    /// Known settings, in the order of the catalogue.
    pub settings: Vec<PlaneSetting>,
}

/// How the settings of a component are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaneSource {
    /// From the command lines of its static Pods.
    Running,
    /// From what kubeadm was told to configure; what runs may differ.
    Configured,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaneSetting {
    /// Name of the flag without dashes, or path of the field.
    pub name: String,
    /// What it decides, in a few words.
    pub title: String,
    /// What it is: one value where all nodes agree.
    pub values: Vec<PlaneValue>,
}

/// A value and who has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaneValue {
    /// How it came to be.
    pub origin: Origin,
    /// The value; for what is not visible, why.
    pub text: String,
    /// Nodes that have it, by name.
    pub nodes: Vec<String>,
}

/// How a value came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Somebody set it.
    Set,
    /// Nobody set it: upstream's default of this version.
    Default,
    /// Nobody set it, and nothing applies.
    Unset,
    /// It cannot be seen.
    NotVisible,
}

impl PlaneSetting {
    /// Groups what each node has by value.
    pub(crate) fn of(setting: &settings::Setting, seen: impl IntoIterator<Item = (String, Value)>) -> Self {
        let mut values: BTreeMap<Value, Vec<String>> = BTreeMap::new();
        for (node, value) in seen {
            values.entry(value).or_default().push(node);
        }
        let mut values: Vec<PlaneValue> =
            values.into_iter().map(|(value, nodes)| PlaneValue::of(value, nodes)).collect();
        // What most nodes have comes first.
        values.order_by_key(|value| std::cmp::Reverse(value.nodes.len()));
        Self { name: setting.name.clone(), title: setting.title.clone(), values }
    }
}

impl PlaneValue {
    fn of(value: Value, mut nodes: Vec<String>) -> Self {
        nodes.order();
        let (origin, text) = match value {
            Value::Set(text) => (Origin::Set, text),
            Value::Default(text) => (Origin::Default, text),
            Value::Unset => (Origin::Unset, String::new()),
            Value::Hidden(why) => (Origin::NotVisible, why),
        };
        Self { origin, text, nodes }
    }
}

/// Version of the API server, as (major, minor).
pub(crate) fn version(join: &Join<'_>) -> Option<(u64, u64)> {
    join.snapshot().header.cluster.version.as_deref().and_then(minor)
}

pub(super) fn observe(join: &Join<'_>) -> Observed<ControlPlane> {
    let mut reading = Reading::new(join.snapshot());
    let version = version(join);
    let mut lines: BTreeMap<&str, Vec<CommandLine>> = BTreeMap::new();
    for object in reading.need("", "Pod") {
        let Some(component) = flags::component(object) else { continue };
        match CommandLine::read(object, component) {
            Ok(line) => lines.entry(component).or_default().push(line),
            Err(why) => reading.odd(object, why),
        }
    }
    let mut components = Vec::new();
    for component in settings::components() {
        let Some(lines) = lines.get(component.id.as_str()) else { continue };
        let values = |setting: &settings::Setting| {
            let seen = lines.iter().map(|line| (line.node.clone(), line.value(component, setting, version)));
            PlaneSetting::of(setting, seen.collect::<Vec<_>>())
        };
        let mut nodes: Vec<String> = lines.iter().map(|line| line.node.clone()).collect();
        nodes.order();
        components.push(PlaneComponent {
            name: component.id.clone(),
            source: PlaneSource::Running,
            nodes,
            settings: component.settings.iter().map(values).collect(),
        });
    }
    // Where API servers run as static Pods, the others do or are not of kubeadm's making.
    if components.is_empty() {
        reading.wish("", "ConfigMap");
        let map = kubeadm::find(join.snapshot());
        components = map.map(|(.., object)| kubeadm::configured(object)).unwrap_or_default();
        reading.remark("no static Pod of the control plane was seen: its settings are not visible".to_owned());
    }
    reading.finish(ControlPlane { components })
}
