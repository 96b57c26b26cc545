//! What a static Pod of the control plane shows of its command line.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::settings::{Applied, Component, Setting};
use crate::snapshot::Object;

/// What stands in a snapshot for a word that is not kept.
const REDACTED: &str = "[redacted]";

/// Body of a Pod, as far as command lines go.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    node_name: Option<String>,
    containers: Option<Vec<Container>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Container {
    name: String,
    command: Option<Vec<String>>,
    args: Option<Vec<String>>,
    env: Option<Vec<Variable>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Variable {
    name: String,
}

/// The component that a Pod runs, if it is a static Pod of the control plane: as kubeadm, RKE2 and Talos label them.
pub(crate) fn component(object: &Object) -> Option<&str> {
    let label = |key: &str| object.labels.get(key).map(|value| &**value);
    let mirror = object.annotations.keys().any(|key| &**key == "kubernetes.io/config.mirror");
    (&*object.namespace == "kube-system" && mirror && label("tier") == Some("control-plane"))
        .then(|| label("component"))
        .flatten()
}

/// How a flag was given.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    /// With this value; several, when it was repeated.
    Values(Vec<String>),
    /// Its value is another word of the command line, which no snapshot keeps.
    Hidden,
}

/// A command line as a snapshot keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// Node that the Pod runs on; its name, where it does not say.
    pub(crate) node: String,
    flags: BTreeMap<String, Given>,
    environment: Vec<String>,
}

/// What a setting is, as far as a command line shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    /// Somebody set it.
    Set(String),
    /// Nobody set it: upstream's default of this version.
    Default(String),
    /// Nobody set it, and nothing applies.
    Unset,
    /// It cannot be seen; why, after "it".
    Hidden(String),
}

impl CommandLine {
    /// Reads the command line of the container of a component.
    pub(crate) fn read(object: &Object, component: &str) -> Result<Self, String> {
        let body: Body = object.body().map_err(|error| error.to_string())?;
        let containers = body.spec.containers.unwrap_or_default();
        let container = match containers.iter().find(|container| container.name == component) {
            Some(container) => container,
            None if containers.len() == 1 => &containers[0],
            None => return Err(format!("none of its containers is named {component}")),
        };
        let words: Vec<&String> = container.command.iter().flatten().chain(container.args.iter().flatten()).collect();
        if words.is_empty() {
            return Err("its command line was not kept".to_owned());
        }
        let environment = container.env.iter().flatten().map(|variable| variable.name.clone()).collect();
        let node = body.spec.node_name.filter(|node| !node.is_empty()).unwrap_or_else(|| object.name.to_string());
        Ok(Self::of(node, &words, environment))
    }

    /// Reads words.
    pub(crate) fn of(node: String, words: &[impl AsRef<str>], environment: Vec<String>) -> Self {
        let mut flags: BTreeMap<String, Given> = BTreeMap::new();
        for (index, word) in words.iter().enumerate() {
            let Some(flag) = word.as_ref().strip_prefix("--") else { continue };
            let (name, given) = match flag.split_once('=') {
                Some((name, value)) => (name, Given::Values(vec![value.to_owned()])),
                // `--flag value`, unless another flag follows: then it is a switch.
                None if words.get(index + 1).is_some_and(|next| next.as_ref() == REDACTED) => (flag, Given::Hidden),
                None => (flag, Given::Values(vec!["true".to_owned()])),
            };
            match (flags.get_mut(name), given) {
                (Some(Given::Values(all)), Given::Values(more)) => all.extend(more),
                (_, given) => {
                    flags.insert(name.to_owned(), given);
                }
            }
        }
        Self { node, flags, environment }
    }

    /// What a setting is.
    pub(crate) fn value(&self, component: &Component, setting: &Setting, version: Option<(u64, u64)>) -> Value {
        self.given(setting).unwrap_or_else(|| self.absent(component, setting, version))
    }

    /// What it says of a setting, if it says anything.
    pub(crate) fn given(&self, setting: &Setting) -> Option<Value> {
        Some(match self.flags.get(&setting.name)? {
            Given::Hidden => Value::Hidden("its value is a word of its own, which is not kept".to_owned()),
            Given::Values(values) if setting.list => Value::Set(values.join(",")),
            Given::Values(values) => Value::Set(values.last().cloned().unwrap_or_default()),
        })
    }

    fn absent(&self, component: &Component, setting: &Setting, version: Option<(u64, u64)>) -> Value {
        let files = component.in_file.iter().chain(&setting.in_file);
        if let Some(file) = files.into_iter().find(|file| self.flags.contains_key(*file)) {
            return Value::Hidden(format!("it may be set in the file of --{file}"));
        }
        if let Some(prefix) = &component.environment {
            let variable = format!("{prefix}{}", setting.name.replace('-', "_").to_ascii_uppercase());
            if self.environment.contains(&variable) {
                return Value::Hidden(format!("it is set by the environment variable {variable}"));
            }
        }
        match setting.default(version) {
            Applied::Nothing => Value::Unset,
            Applied::Value(value) => Value::Default(value.to_owned()),
            Applied::Unknown => Value::Hidden("nobody set it, and the default of this version is not known".to_owned()),
        }
    }
}
