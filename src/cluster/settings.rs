//! Known settings of the two ConfigMaps that kubeadm writes; everything else in them is dropped.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeSeed};

use super::projection::{Emit, Settings};

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
        let value: serde_json::Value = serde_saphyr::from_str(yaml).map_err(|_| "a setting in it is not YAML")?;
        if body.last() != Some(&b'{') {
            body.push(b',');
        }
        serde_json::to_writer(&mut body, key).map_err(|_| "its key cannot be written")?;
        body.push(b':');
        Emit::new(node, &mut body).deserialize(value).map_err(|_| "a setting in it cannot be read")?;
    }
    body.extend_from_slice(b"}}");
    String::from_utf8(body).map_err(|_| "it is not text")
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
            r#"{"data":{"ClusterConfiguration":{"apiServer":{},"kubernetesVersion":"v1.36.2","networking":{"podSubnet":"10.0.0.0/8"}}}}"#
        );
        let map = serde_json::json!({"data": {"ClusterConfiguration": "a: [hunter2"}});
        assert_eq!(super::body(map.to_string().as_bytes(), kubeadm), Err("a setting in it is not YAML"));
    }
}
