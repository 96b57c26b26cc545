//! Storage: classes with the encryption that they ask for, and the volumes made of them.
//!
//! In: StorageClasses, volumes, claims. Out: [`StorageClass`]es and [`Volume`]s. What a parameter means is known by
//! driver, from the driver's own documentation ([`KNOWN`]).
//!
//! Invariant: a class that says nothing is neither encrypted nor unencrypted; why it cannot be told is said.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::observed::{Observed, Reading};
use crate::{
    ownership::Join,
    snapshot::Object,
    sort::Sort,
    workspace::{ComponentId, Duty, TeamId},
};

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
    /// `Some(true)`: its parameters ask for encryption; `Some(false)`: they ask for none; `None`: they do not say.
    pub encrypted: Option<bool>,
    /// Where the decision lies when the parameters do not say.
    pub decided_by: Option<Elsewhere>,
    /// Volume claims that use it; `None` when they were not read completely.
    pub claims: Option<usize>,
    /// Volumes made of it; `None` when they were not read completely.
    pub volumes: Option<usize>,
}

/// What decides on encryption where a class does not, none of which the cluster shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Elsewhere {
    /// The default of the provider or of our account with it.
    Provider,
    /// A storage policy or volume type that the class names.
    Policy,
    /// Whoever runs the storage behind the driver.
    Backend,
}

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Volume {
    /// Name.
    pub name: String,
    /// Storage class; `None` when it has none.
    pub class: Option<String>,
    /// `Bound`, `Released`, `Available` or `Failed`.
    pub phase: String,
    /// Claim that it is bound to, as `namespace/name`.
    pub claim: Option<String>,
    /// Driver, or the kind of its source where there is none: `hostPath`, `nfs`.
    pub driver: String,
    /// Component that it belongs to.
    pub component: Option<ComponentId>,
    /// Team that answers for the component's data.
    pub team: Option<TeamId>,
}

/// What is known of a driver's parameters.
struct Known {
    provisioners: &'static [&'static str],
    /// `true` asks for encryption, `false` for none.
    switch: &'static str,
    /// Being set asks for encryption with a key of ours.
    keys: &'static [&'static str],
    otherwise: Elsewhere,
}

/// EBS: a key alone does not switch encryption on. Cinder and vSphere name a type or policy that decides.
const KNOWN: &[Known] = &[
    Known {
        provisioners: &["ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "kubernetes.io/aws-ebs"],
        switch: "encrypted",
        keys: &[],
        otherwise: Elsewhere::Provider,
    },
    Known {
        provisioners: &["pd.csi.storage.gke.io", "kubernetes.io/gce-pd"],
        switch: "",
        keys: &["disk-encryption-kms-key"],
        otherwise: Elsewhere::Provider,
    },
    Known {
        provisioners: &["disk.csi.azure.com", "kubernetes.io/azure-disk"],
        switch: "",
        keys: &["diskEncryptionSetID"],
        otherwise: Elsewhere::Provider,
    },
    Known {
        provisioners: &["cinder.csi.openstack.org", "kubernetes.io/cinder", "csi.vsphere.vmware.com"],
        switch: "",
        keys: &[],
        otherwise: Elsewhere::Policy,
    },
];

/// Longhorn, Ceph (`rook-ceph.rbd.csi.ceph.com`) and most others call their switch `encrypted`.
const OTHER: Known = Known { provisioners: &[], switch: "encrypted", keys: &[], otherwise: Elsewhere::Backend };

impl Known {
    fn encrypted(&self, parameters: &BTreeMap<String, String>) -> Option<bool> {
        match parameters.get(self.switch).map(|value| value.to_ascii_lowercase()).as_deref() {
            Some("true") => return Some(true),
            Some("false") => return Some(false),
            _ => {}
        }
        let set = |key: &&str| parameters.get(*key).is_some_and(|value| !value.is_empty());
        self.keys.iter().any(set).then_some(true)
    }
}

/// Parameters that are shown because they speak of encryption or of what decides on it.
fn speaks_of_encryption(parameter: &str) -> bool {
    let parameter = parameter.to_ascii_lowercase();
    ["encrypt", "kmskey", "kms-key", "diskencryptionset", "luks"].iter().any(|word| parameter.contains(word))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    provisioner: String,
    parameters: Option<BTreeMap<String, String>>,
    reclaim_policy: Option<String>,
}

/// Reads a storage class; claims are for the caller to count.
pub(crate) fn class(object: &Object) -> Result<StorageClass, String> {
    let body = object.body::<Body>().map_err(|error| error.to_string())?;
    let parameters = body.parameters.unwrap_or_default();
    let provisioner = &*body.provisioner;
    let known = KNOWN.iter().find(|known| known.provisioners.contains(&provisioner)).unwrap_or(&OTHER);
    let encrypted = known.encrypted(&parameters);
    let default = object.annotations.get("storageclass.kubernetes.io/is-default-class");
    Ok(StorageClass {
        name: object.name.to_string(),
        default: default.is_some_and(|value| &**value == "true"),
        reclaim_policy: body.reclaim_policy,
        encrypted,
        decided_by: encrypted.is_none().then_some(known.otherwise),
        encryption: parameters.into_iter().filter(|(key, _)| speaks_of_encryption(key)).collect(),
        provisioner: body.provisioner,
        claims: None,
        volumes: None,
    })
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

/// How many objects of a kind name each class; `None` when they were not read completely.
fn by_class(reading: &mut Reading<'_>, join: &Join<'_>, kind: &str) -> Option<BTreeMap<String, usize>> {
    let mut classes: BTreeMap<String, usize> = BTreeMap::new();
    for object in reading.need("", kind) {
        if let Some(class) = reading.body::<ClaimBody>(object).and_then(|body| body.spec.storage_class_name) {
            *classes.entry(class).or_default() += 1;
        }
    }
    join.snapshot().list("", kind).is_some_and(|list| list.complete().is_ok()).then_some(classes)
}

pub(super) fn observe(join: &Join<'_>) -> Observed<Vec<StorageClass>> {
    let mut reading = Reading::new(join.snapshot());
    let claims = by_class(&mut reading, join, "PersistentVolumeClaim");
    let volumes = by_class(&mut reading, join, "PersistentVolume");
    let of = |counts: &Option<BTreeMap<String, usize>>, class: &str| {
        counts.as_ref().map(|counts| counts.get(class).copied().unwrap_or(0))
    };
    let mut classes = Vec::new();
    for object in reading.need("storage.k8s.io", "StorageClass") {
        match class(object) {
            Ok(class) => {
                let (claims, volumes) = (of(&claims, &object.name), of(&volumes, &object.name));
                classes.push(StorageClass { claims, volumes, ..class });
            }
            Err(why) => reading.odd(object, why),
        }
    }
    classes.order_by(|a, b| a.name.cmp(&b.name));
    reading.finish(classes)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct VolumeBody {
    spec: VolumeSpec,
    status: VolumeStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct VolumeSpec {
    storage_class_name: Option<String>,
    claim_ref: Option<ClaimReference>,
    csi: Option<Csi>,
    #[serde(flatten)]
    other: BTreeMap<String, serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClaimReference {
    namespace: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Csi {
    driver: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct VolumeStatus {
    phase: String,
}

impl VolumeSpec {
    fn driver(&self) -> String {
        const ABOUT: [&str; 6] =
            ["accessModes", "capacity", "persistentVolumeReclaimPolicy", "volumeMode", "mountOptions", "nodeAffinity"];
        let source = || self.other.keys().find(|key| !ABOUT.contains(&&***key));
        self.csi.as_ref().map(|csi| csi.driver.clone()).or_else(|| source().cloned()).unwrap_or_default()
    }
}

pub(super) fn observe_volumes(join: &Join<'_>) -> Observed<Vec<Volume>> {
    let mut reading = Reading::new(join.snapshot());
    let owners = join.owners("", "PersistentVolume");
    let mut volumes = Vec::new();
    for (index, object) in reading.need("", "PersistentVolume").iter().enumerate() {
        let Some(body) = reading.body::<VolumeBody>(object) else { continue };
        let component = owners.spot(index).and_then(|spot| join.component(spot));
        volumes.push(Volume {
            name: object.name.to_string(),
            driver: body.spec.driver(),
            class: body.spec.storage_class_name.filter(|class| !class.is_empty()),
            phase: body.status.phase,
            claim: body.spec.claim_ref.map(|claim| format!("{}/{}", claim.namespace, claim.name)),
            component: component.map(|component| component.id.clone()),
            team: component.and_then(|component| component.duties.get(&Duty::Data).cloned()),
        });
    }
    volumes.order_by(|a, b| (&a.class, &a.team, &a.claim, &a.name).cmp(&(&b.class, &b.team, &b.claim, &b.name)));
    reading.finish(volumes)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        assess::testing::{claim, component, list, object, snapshot, workspace},
        ownership,
    };

    fn said(provisioner: &str, parameters: Value) -> (Option<bool>, Option<Elsewhere>) {
        let body = json!({ "provisioner": provisioner, "parameters": parameters });
        let class = class(&object("", "c", body)).expect("a class");
        (class.encrypted, class.decided_by)
    }

    #[test]
    fn a_driver_decides_what_its_parameters_mean() {
        let ebs = "ebs.csi.aws.com";
        assert_eq!(said(ebs, json!({ "encrypted": "true" })), (Some(true), None));
        assert_eq!(said(ebs, json!({ "encrypted": "False" })), (Some(false), None));
        // A key alone does not switch encryption on.
        assert_eq!(said(ebs, json!({ "kmsKeyId": "arn:aws:kms:x" })), (None, Some(Elsewhere::Provider)));
        let key = json!({ "disk-encryption-kms-key": "projects/p/locations/l/keyRings/r/cryptoKeys/k" });
        assert_eq!(said("pd.csi.storage.gke.io", key), (Some(true), None));
        assert_eq!(said("disk.csi.azure.com", json!({ "skuName": "Premium_LRS" })), (None, Some(Elsewhere::Provider)));
        let policy = json!({ "storagepolicyname": "gold" });
        assert_eq!(said("csi.vsphere.vmware.com", policy), (None, Some(Elsewhere::Policy)));
        assert_eq!(said("cinder.csi.openstack.org", json!({ "type": "luks" })), (None, Some(Elsewhere::Policy)));
        assert_eq!(said("rook-ceph.rbd.csi.ceph.com", json!({ "encrypted": "true" })), (Some(true), None));
        assert_eq!(said("driver.longhorn.io", json!(null)), (None, Some(Elsewhere::Backend)));
    }

    /// As the API server of v1.36 returned them, shortened.
    #[test]
    fn volumes_have_the_owner_of_their_claim() {
        let volume = json!({
            "spec": {
                "capacity": { "storage": "8Gi" }, "accessModes": ["ReadWriteOnce"], "storageClassName": "gp2",
                "csi": { "driver": "ebs.csi.aws.com", "volumeHandle": "vol-1" },
                "claimRef": { "kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data" },
            },
            "status": { "phase": "Bound" },
        });
        let local = json!({ "spec": { "volumeMode": "Filesystem", "hostPath": { "path": "/srv" }, "storageClassName": "" },
            "status": { "phase": "Available" } });
        let snapshot = snapshot(vec![
            list("PersistentVolume", vec![object("", "pvc-1", volume), object("", "by-hand", local)]),
            list("PersistentVolumeClaim", vec![object("shop", "data", json!({ "spec": { "volumeName": "pvc-1" } }))]),
        ]);
        let workspace =
            workspace(vec![component("shop", "platform", vec![claim(|it| it.namespaces = vec!["shop".to_owned()])])]);
        let join = ownership::join(&workspace, &snapshot);
        let observed = observe_volumes(&join);
        let volumes = observed.complete().expect("complete");
        assert_eq!((&*volumes[0].driver, volumes[0].class.as_deref()), ("hostPath", None));
        assert_eq!(volumes[1].team.as_ref().map(TeamId::as_str), Some("platform"));
        assert_eq!(volumes[1].claim.as_deref(), Some("shop/data"));
    }
}
