//! Settings of kubelets: as they run, where `collect --with configz` asked them, and as the ConfigMap `kubelet-config` of
//! kubeadm says.
//!
//! Invariant: what was configured is never shown as running.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{
    PlaneSetting, PlaneSource,
    flags::Value,
    settings::{self, Applied, Setting},
    version,
};
use crate::{
    facts::{
        PlaneComponent, State,
        observed::{Observed, Reading},
    },
    ownership::Join,
    snapshot::Object,
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    data: Data,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    kubelet: Option<Json>,
}

/// Settings by node, as the probe of kubelets keeps them.
pub(crate) type Running = BTreeMap<String, Json>;

/// Name of the probe of kubelets.
pub(crate) const PROBE: &str = "kubelet-configz";

/// What kubeadm was told, if this is the ConfigMap that says it; an error is why it cannot be seen.
pub(crate) fn configured(object: &Object) -> Option<Result<Json, String>> {
    if (&*object.namespace, &*object.name) != ("kube-system", "kubelet-config") {
        return None;
    }
    let body = object.body::<Body>().map_err(|error| error.to_string());
    // A list of ConfigMaps gives their names alone; their settings are read one by one, which may be refused.
    Some(body.and_then(|body| body.data.kubelet.ok_or_else(|| "its settings were not read".to_owned())))
}

/// What a setting is in a configuration.
pub(crate) fn value(kubelet: &Json, setting: &Setting, version: Option<(u64, u64)>) -> Value {
    match at(kubelet, &setting.name) {
        Some(Json::String(text)) => Value::Set(text.clone()),
        Some(Json::Array(items)) => {
            Value::Set(items.iter().map(|item| item.as_str().unwrap_or("?")).collect::<Vec<_>>().join(","))
        }
        Some(Json::Null) | None => match setting.default(version) {
            Applied::Nothing => Value::Unset,
            Applied::Value(value) => Value::Default(value.to_owned()),
            Applied::Unknown => Value::Hidden("nobody set it, and its default is not known".to_owned()),
        },
        Some(other) => Value::Set(other.to_string()),
    }
}

pub(in crate::facts) fn observe(join: &Join<'_>) -> Observed<Vec<PlaneComponent>> {
    let mut reading = Reading::new(join.snapshot());
    let version = version(join);
    let mut found = Vec::new();
    let Some(component) = settings::component("kubelet") else { return reading.finish(found) };
    let mut show = |source, kubelets: &Running| {
        let values = |setting: &Setting| {
            PlaneSetting::of(setting, kubelets.iter().map(|(node, it)| (node.clone(), value(it, setting, version))))
        };
        found.push(PlaneComponent {
            name: component.id.clone(),
            source,
            nodes: kubelets.keys().filter(|node| !node.is_empty()).cloned().collect(),
            settings: component.settings.iter().map(values).collect(),
        });
    };
    if join.snapshot().probe(PROBE).is_some()
        && let Some(probe) = reading.probe(PROBE)
    {
        match probe.body::<Running>() {
            Ok(running) if !running.is_empty() => show(PlaneSource::Running, &running),
            Ok(_) => {}
            Err(error) => reading.odd_probe(probe, error),
        }
    }
    for object in reading.need("", "ConfigMap") {
        match configured(object) {
            None => {}
            Some(Ok(kubelet)) => show(PlaneSource::Configured, &BTreeMap::from([(String::new(), kubelet)])),
            Some(Err(why)) => reading.worsen(State::Partial, format!("kube-system/kubelet-config: {why}")),
        }
    }
    if found.is_empty() {
        reading.remark("settings of the ConfigMap kube-system/kubelet-config were not read".to_owned());
    }
    reading.finish(found)
}

/// The value at `a.b.c`.
fn at<'a>(value: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').try_fold(value, |value, field| value.get(field))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::testing::{list, object, probe, snapshot, workspace},
        facts::Origin,
        ownership,
        snapshot::Completeness,
    };

    #[test]
    fn a_config_map_is_configured_and_not_running() {
        let workspace = workspace(Vec::new());
        let kubelet = json!({"authentication": {"anonymous": {"enabled": false}}, "readOnlyPort": 0,
            "tlsCipherSuites": ["A", "B"], "rotateCertificates": true});
        let map = object("kube-system", "kubelet-config", json!({"data": {"kubelet": kubelet}}));
        let snapshot = snapshot(vec![list("ConfigMap", vec![map])]);
        let fact = observe(&ownership::join(&workspace, &snapshot));
        let kubelet = &fact.seen()[0];
        assert_eq!(kubelet.source, PlaneSource::Configured);
        let value = |name: &str| {
            let setting = kubelet.settings.iter().find(|setting| setting.name == name).expect("known");
            (setting.values[0].origin, setting.values[0].text.clone())
        };
        assert_eq!(value("authentication.anonymous.enabled"), (Origin::Set, "false".to_owned()));
        assert_eq!(value("readOnlyPort"), (Origin::Set, "0".to_owned()));
        assert_eq!(value("tlsCipherSuites"), (Origin::Set, "A,B".to_owned()));
        assert_eq!(value("seccompDefault"), (Origin::Default, "false".to_owned()));
        assert_eq!(value("authentication.x509.clientCAFile").0, Origin::Unset);
    }

    #[test]
    fn a_config_map_of_which_only_the_name_was_read_says_nothing() {
        let workspace = workspace(Vec::new());
        let map = object("kube-system", "kubelet-config", json!({}));
        let snapshot = snapshot(vec![list("ConfigMap", vec![map])]);
        let fact = observe(&ownership::join(&workspace, &snapshot));
        assert_eq!((fact.state(), fact.seen().len()), (State::Partial, 0));
        assert!(fact.reasons()[0].contains("its settings were not read"), "{:?}", fact.reasons());
    }

    #[test]
    fn nodes_that_differ_are_named() {
        let workspace = workspace(Vec::new());
        let kubelet = |port: u32| json!({"readOnlyPort": port, "authorization": {"mode": "Webhook"}});
        let running = json!({"a": kubelet(0), "b": kubelet(10_255), "c": kubelet(0)});
        let mut snapshot = snapshot(vec![list("ConfigMap", Vec::new())]);
        snapshot.probes = vec![probe(PROBE, Completeness::Partial("3 of 4".to_owned()), &running)];
        let fact = observe(&ownership::join(&workspace, &snapshot));
        assert_eq!(fact.state(), State::Partial);
        let kubelet = &fact.seen()[0];
        assert_eq!((kubelet.source, kubelet.nodes.len()), (PlaneSource::Running, 3));
        let port = kubelet.settings.iter().find(|setting| setting.name == "readOnlyPort").expect("known");
        let values: Vec<_> = port.values.iter().map(|value| (&*value.text, value.nodes.join(","))).collect();
        assert_eq!(values, [("0", "a,c".to_owned()), ("10255", "b".to_owned())]);
    }
}
