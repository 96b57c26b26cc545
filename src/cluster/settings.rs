//! Known settings of the two ConfigMaps that kubeadm writes; everything else in them is dropped.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::projection::{Settings, emit};

/// `data` of a ConfigMap, read one value at a time so that a foreign key costs nothing.
#[derive(Deserialize)]
struct ConfigMap {
    #[serde(default)]
    data: Option<BTreeMap<String, String>>,
}

/// The body that the snapshot keeps of a named ConfigMap, for example
/// `{"data":{"ClusterConfiguration":{"kubernetesVersion":"v1.36.2"}}}`.
///
/// # Errors
/// When the answer is no ConfigMap or a known key in it is no YAML; the message holds none of its content.
pub(crate) fn body(json: &[u8], settings: &Settings) -> Result<String, &'static str> {
    let map: ConfigMap = serde_json::from_slice(json).map_err(|_| "it is not a ConfigMap")?;
    let data = map.data.unwrap_or_default();
    let mut body = br#"{"data":{"#.to_vec();
    for (key, node) in &settings.keys {
        let Some(yaml) = data.get(key) else { continue };
        let mut value: Value = serde_saphyr::from_str(yaml).map_err(|_| "a setting in it is not YAML")?;
        spell_arguments(&mut value);
        if body.last() != Some(&b'{') {
            body.push(b',');
        }
        serde_json::to_writer(&mut body, key).map_err(|_| "its key cannot be written")?;
        body.push(b':');
        emit(&value.to_string(), node, settings.flags.as_ref(), &mut body)
            .map_err(|_| "a setting in it cannot be read")?;
    }
    body.extend_from_slice(b"}}");
    String::from_utf8(body).map_err(|_| "it is not text")
}

/// `extraArgs` of kubeadm as words of a command line, `--name=value`, which is how flags are kept: a map of them in
/// `v1beta3`, a list of names and values since `v1beta4`.
fn spell_arguments(value: &mut Value) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        if key == "extraArgs" {
            *value = Value::Array(arguments(value).into_iter().map(Value::String).collect());
        } else {
            spell_arguments(value);
        }
    }
}

fn arguments(value: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    let word = |name: &str, value: &Value| Some(format!("--{name}={}", text(value)?));
    match value {
        Value::Object(map) => map.iter().filter_map(|(name, value)| word(name, value)).collect(),
        Value::Array(items) => {
            items.iter().filter_map(|item| word(item.get("name")?.as_str()?, item.get("value")?)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::cluster::projection::Projections;

    #[test]
    fn keeps_known_settings_and_drops_the_rest() {
        let projections = Projections::builtin().expect("embedded");
        let settings = &projections.get("", "ConfigMap").expect("ConfigMap").settings;
        let kubeadm = settings.iter().find(|settings| settings.name == "kubeadm-config").expect("kubeadm-config");
        let map = serde_json::json!({"data": {
            "ClusterConfiguration": "kubernetesVersion: v1.36.2\ntoken: hunter2\nnetworking: {podSubnet: 10.0.0.0/8}\napiServer: {extraArgs: [{name: x, value: hunter2}]}",
            "other": "hunter2",
        }});
        let body = super::body(map.to_string().as_bytes(), kubeadm).expect("a body");
        assert_eq!(
            body,
            r#"{"data":{"ClusterConfiguration":{"apiServer":{"extraArgs":["[redacted]"]},"kubernetesVersion":"v1.36.2","networking":{"podSubnet":"10.0.0.0/8"}}}}"#
        );
        let map = serde_json::json!({"data": {"ClusterConfiguration": "a: [hunter2"}});
        assert_eq!(super::body(map.to_string().as_bytes(), kubeadm), Err("a setting in it is not YAML"));
    }

    #[test]
    fn known_arguments_are_kept_in_both_forms() {
        let projections = Projections::builtin().expect("embedded");
        let settings = &projections.get("", "ConfigMap").expect("ConfigMap").settings;
        let kubeadm = settings.iter().find(|settings| settings.name == "kubeadm-config").expect("kubeadm-config");
        let map = serde_json::json!({"data": {"ClusterConfiguration":
            "apiServer: {extraArgs: [{name: profiling, value: 'false'}, {name: x-token, value: hunter2}, {name: oidc-issuer-url, value: 'https://u:hunter2@id.example'}]}\n\
             etcd: {local: {extraArgs: {auto-tls: true, x: hunter2}}}\nscheduler: {extraArgs: [{value: hunter2}, hunter2, {name: profiling}]}",
        }});
        let body = super::body(map.to_string().as_bytes(), kubeadm).expect("a body");
        assert!(!body.contains("hunter2"), "{body}");
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let kept = &body["data"]["ClusterConfiguration"];
        let words = kept["apiServer"]["extraArgs"].as_array().expect("a list");
        assert!(words.contains(&"--profiling=false".into()), "{words:?}");
        assert_eq!(kept["etcd"]["local"]["extraArgs"][0], "--auto-tls=true");
        assert_eq!(kept["scheduler"]["extraArgs"], serde_json::json!([]));
    }
}
