//! Settings of kubelets, as the ConfigMap `kubelet-config` of kubeadm says.
//!
//! Invariant: what was configured is never shown as running.

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
        PlaneComponent,
        observed::{Observed, Reading},
    },
    ownership::Join,
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

pub(in crate::facts) fn observe(join: &Join<'_>) -> Observed<Option<PlaneComponent>> {
    let mut reading = Reading::new(join.snapshot());
    let version = version(join);
    let mut found = None;
    for object in reading.need("", "ConfigMap") {
        if (&*object.namespace, &*object.name) != ("kube-system", "kubelet-config") {
            continue;
        }
        let Some(body) = reading.body::<Body>(object) else { continue };
        let (Some(kubelet), Some(component)) = (body.data.kubelet, settings::component("kubelet")) else { continue };
        let setting = |setting: &Setting| {
            let value = match at(&kubelet, &setting.name) {
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
            };
            PlaneSetting::of(setting, [(String::new(), value)])
        };
        found = Some(PlaneComponent {
            name: component.id.clone(),
            source: PlaneSource::Configured,
            nodes: Vec::new(),
            settings: component.settings.iter().map(setting).collect(),
        });
    }
    if found.is_none() {
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
        assess::testing::{list, object, snapshot, workspace},
        facts::Origin,
        ownership,
    };

    #[test]
    fn a_config_map_is_configured_and_not_running() {
        let workspace = workspace(Vec::new());
        let kubelet = json!({"authentication": {"anonymous": {"enabled": false}}, "readOnlyPort": 0,
            "tlsCipherSuites": ["A", "B"], "rotateCertificates": true});
        let map = object("kube-system", "kubelet-config", json!({"data": {"kubelet": kubelet}}));
        let snapshot = snapshot(vec![list("ConfigMap", vec![map])]);
        let fact = observe(&ownership::join(&workspace, &snapshot));
        let kubelet = fact.seen().as_ref().expect("seen");
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
}
