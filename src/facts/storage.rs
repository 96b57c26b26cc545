//! Storage classes and the encryption parameters they state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::observed::{Observed, Reading};
use crate::{ownership::Join, snapshot::List};

/// A storage class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StorageClass {
    /// Name.
    pub name: String,
    /// Provisioner.
    pub provisioner: String,
    /// Marked as the cluster's default.
    pub default: bool,
    /// What happens to a volume after its claim: `Delete` or `Retain`.
    pub reclaim_policy: Option<String>,
    /// Parameters that speak of encryption.
    pub encryption: BTreeMap<String, String>,
    /// `Some(true)`: its parameters ask for encryption; `Some(false)`: they ask for none; `None`: they do not say, and
    /// the provider's default is not visible.
    pub encrypted: Option<bool>,
    /// Volume claims that use it; `None` when they were not read completely.
    pub claims: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    provisioner: String,
    parameters: Option<BTreeMap<String, String>>,
    reclaim_policy: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClaimBody {
    spec: ClaimSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ClaimSpec {
    storage_class_name: Option<String>,
}

/// Parameters of the common provisioners that speak of encryption: a key of ours, or a switch.
fn speaks_of_encryption(parameter: &str) -> bool {
    let parameter = parameter.to_ascii_lowercase();
    ["encrypt", "kmskey", "kms-key", "diskencryptionset", "luks"].iter().any(|word| parameter.contains(word))
}

/// What those parameters say, if they say it plainly.
fn encrypted(parameters: &BTreeMap<String, String>) -> Option<bool> {
    let off = |value: &str| matches!(&*value.to_ascii_lowercase(), "false" | "no" | "none" | "0");
    (!parameters.is_empty()).then(|| !parameters.values().any(|value| off(value)))
}

pub(super) fn observe(join: &Join<'_>) -> Observed<Vec<StorageClass>> {
    let snapshot = join.snapshot();
    let mut reading = Reading::new(snapshot);
    let claims_known = snapshot.list("", "PersistentVolumeClaim").map(List::complete).is_some_and(|list| list.is_ok());
    let mut claims: BTreeMap<String, usize> = BTreeMap::new();
    for object in reading.need("", "PersistentVolumeClaim") {
        if let Some(class) = reading.body::<ClaimBody>(object).and_then(|body| body.spec.storage_class_name) {
            *claims.entry(class).or_default() += 1;
        }
    }
    let mut classes = Vec::new();
    for object in reading.need("storage.k8s.io", "StorageClass") {
        let Some(body) = reading.body::<Body>(object) else { continue };
        let encryption: BTreeMap<String, String> =
            body.parameters.unwrap_or_default().into_iter().filter(|(key, _)| speaks_of_encryption(key)).collect();
        classes.push(StorageClass {
            name: object.name.to_string(),
            provisioner: body.provisioner,
            default: object
                .annotations
                .get("storageclass.kubernetes.io/is-default-class")
                .is_some_and(|value| &**value == "true"),
            reclaim_policy: body.reclaim_policy,
            encrypted: encrypted(&encryption),
            encryption,
            claims: claims_known.then(|| claims.get(&*object.name).copied().unwrap_or(0)),
        });
    }
    classes.sort_by(|a, b| a.name.cmp(&b.name));
    reading.finish(classes)
}
