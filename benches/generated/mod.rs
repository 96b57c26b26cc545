//! A believable cluster out of a seed: 20,000 Pods, 200,000 objects, 1,000 namespaces, 5,000 bindings, as the answers
//! of an API server to a client that asks for pages of 500.
//!
//! In: a [`Size`]. Out: pages by path, packed with gzip as the API server packs them. Each namespace belongs to a team
//! and holds applications; an application is a Deployment with its ReplicaSets, Pods, Service, ServiceAccount and what
//! surrounds them. Objects carry `managedFields`, labels, owner references and a status of realistic size.
//!
//! Invariant: the same size gives the same bytes; every owner reference names an object that is in the cluster.

mod objects;

use std::{collections::BTreeMap, io::Write};

use serde_json::{Value, json};

/// Objects a page, which is what `collect` asks for.
const PAGE: usize = 500;

/// How large a cluster to make.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Namespaces, those of Kubernetes included.
    pub namespaces: usize,
    /// Pods.
    pub pods: usize,
    /// Role bindings and cluster role bindings.
    pub bindings: usize,
    /// Objects of all kinds.
    pub objects: usize,
}

/// One cluster as the design has it.
pub const LARGE: Size = Size { namespaces: 1_000, pods: 20_000, bindings: 5_000, objects: 200_000 };

/// Packed pages by path, in order.
pub type Pages = BTreeMap<String, Vec<Vec<u8>>>;

/// Answers of one cluster.
pub struct Cluster {
    /// Packed pages by path.
    pub pages: Pages,
    /// Objects by kind.
    pub counts: BTreeMap<String, usize>,
    /// Bytes of all lists before packing.
    pub bytes: usize,
}

/// Small, fast and the same everywhere (SplitMix64).
pub struct Random(u64);

impl Random {
    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).expect("fits")
    }

    /// Digits as in a UID.
    pub fn uid(&mut self) -> String {
        let mut hex = |digits: usize| (0..digits).map(|_| format!("{:x}", self.below(16))).collect::<String>();
        format!("{}-{}-4{}-a{}-{}", hex(8), hex(4), hex(3), hex(3), hex(12))
    }

    /// Letters as Kubernetes appends them to names.
    pub fn suffix(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        (0..length).map(|_| char::from(LETTERS[self.below(LETTERS.len())])).collect()
    }
}

/// A kind of which objects are made.
struct Kind {
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    resource: &'static str,
    namespaced: bool,
}

impl Kind {
    fn path(&self) -> String {
        match self.group {
            "" => format!("/api/{}/{}", self.version, self.resource),
            group => format!("/apis/{group}/{}/{}", self.version, self.resource),
        }
    }

    fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }
}

macro_rules! kinds {
    ($($group:literal $version:literal $kind:literal $resource:literal $namespaced:literal)*) => {
        const KINDS: &[Kind] = &[$(Kind {
            group: $group, version: $version, kind: $kind, resource: $resource, namespaced: $namespaced,
        },)*];
    };
}

kinds! {
    "" "v1" "Namespace" "namespaces" false
    "" "v1" "Node" "nodes" false
    "" "v1" "Pod" "pods" true
    "" "v1" "Service" "services" true
    "" "v1" "ServiceAccount" "serviceaccounts" true
    "" "v1" "ConfigMap" "configmaps" true
    "" "v1" "PersistentVolumeClaim" "persistentvolumeclaims" true
    "" "v1" "PersistentVolume" "persistentvolumes" false
    "" "v1" "ResourceQuota" "resourcequotas" true
    "" "v1" "LimitRange" "limitranges" true
    "apps" "v1" "Deployment" "deployments" true
    "apps" "v1" "ReplicaSet" "replicasets" true
    "batch" "v1" "Job" "jobs" true
    "batch" "v1" "CronJob" "cronjobs" true
    "policy" "v1" "PodDisruptionBudget" "poddisruptionbudgets" true
    "autoscaling" "v2" "HorizontalPodAutoscaler" "horizontalpodautoscalers" true
    "networking.k8s.io" "v1" "NetworkPolicy" "networkpolicies" true
    "networking.k8s.io" "v1" "Ingress" "ingresses" true
    "rbac.authorization.k8s.io" "v1" "ClusterRole" "clusterroles" false
    "rbac.authorization.k8s.io" "v1" "ClusterRoleBinding" "clusterrolebindings" false
    "rbac.authorization.k8s.io" "v1" "Role" "roles" true
    "rbac.authorization.k8s.io" "v1" "RoleBinding" "rolebindings" true
    "cert-manager.io" "v1" "Certificate" "certificates" true
    "external-secrets.io" "v1" "ExternalSecret" "externalsecrets" true
    "aquasecurity.github.io" "v1alpha1" "VulnerabilityReport" "vulnerabilityreports" true
    "wgpolicyk8s.io" "v1alpha2" "PolicyReport" "policyreports" true
    "cilium.io" "v2" "CiliumEndpoint" "ciliumendpoints" true
}

/// Collects objects of one cluster and cuts them into pages.
struct Pager {
    cluster: Cluster,
    open: BTreeMap<&'static str, (usize, Vec<u8>)>,
}

impl Pager {
    fn put(&mut self, kind: &'static str, object: &Value) {
        *self.cluster.counts.entry(kind.to_owned()).or_default() += 1;
        let (count, text) = self.open.entry(kind).or_default();
        if *count == PAGE {
            let (_, text) = self.open.remove(kind).expect("open");
            self.close(kind, &text, More::Pages);
            return self.reopen(kind, object);
        }
        *count += 1;
        if !text.is_empty() {
            text.push(b',');
        }
        serde_json::to_writer(text, object).expect("memory takes all");
    }

    fn reopen(&mut self, kind: &'static str, object: &Value) {
        self.open.insert(kind, (1, serde_json::to_vec(object).expect("memory takes all")));
    }

    fn close(&mut self, name: &'static str, items: &[u8], more: More) {
        let kind = KINDS.iter().find(|kind| kind.kind == name).expect("a known kind");
        let pages = self.cluster.pages.entry(kind.path()).or_default();
        let next = match more {
            More::Pages => format!(r#","continue":"{}","remainingItemCount":{PAGE}"#, pages.len() + 1),
            More::Nothing => String::new(),
        };
        let head = format!(
            r#"{{"kind":"{name}List","apiVersion":"{}","metadata":{{"resourceVersion":"4711"{next}}},"items":["#,
            kind.api_version()
        );
        let page = [head.as_bytes(), items, b"]}"].concat();
        self.cluster.bytes += page.len();
        pages.push(packed(&page));
    }
}

#[derive(Clone, Copy)]
enum More {
    Pages,
    Nothing,
}

/// At the level of the API server.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// Makes a cluster.
pub fn generate(size: Size, seed: u64) -> Cluster {
    let cluster = Cluster { pages: Pages::new(), counts: BTreeMap::new(), bytes: 0 };
    let mut pager = Pager { cluster, open: BTreeMap::new() };
    objects::fill(size, &mut Random(seed), &mut |kind, object| pager.put(kind, object));
    for (kind, (_, text)) in std::mem::take(&mut pager.open) {
        pager.close(kind, &text, More::Nothing);
    }
    let mut cluster = pager.cluster;
    discovery(&mut cluster.pages);
    cluster
}

/// Hands over the objects of a cluster one by one, with the path that each is created at: those of Kubernetes itself
/// that a server without controllers takes, without what it sets itself.
#[allow(dead_code)]
pub fn each(size: Size, seed: u64, put: &mut dyn FnMut(String, Value)) {
    const TAKEN: [&str; 10] = [
        "Namespace",
        "Pod",
        "ServiceAccount",
        "ConfigMap",
        "Deployment",
        "ReplicaSet",
        "NetworkPolicy",
        "Role",
        "RoleBinding",
        "ClusterRole",
    ];
    objects::fill(size, &mut Random(seed), &mut |name, object| {
        let Some(kind) = KINDS.iter().find(|kind| kind.kind == name && TAKEN.contains(&name)) else { return };
        let mut object = object.clone();
        let namespace =
            object["metadata"]["namespace"].as_str().map(|name| format!("namespaces/{name}/{}", kind.resource));
        let path = kind.path().replace(kind.resource, namespace.as_deref().unwrap_or(kind.resource));
        if let Some(metadata) = object["metadata"].as_object_mut() {
            for set in ["uid", "resourceVersion", "managedFields", "creationTimestamp"] {
                metadata.remove(set);
            }
            // Pods are made without asking whether their namespace would admit them.
            let labels = metadata.get_mut("labels").and_then(Value::as_object_mut);
            labels.map(|labels| labels.remove("pod-security.kubernetes.io/enforce"));
        }
        object["kind"] = kind.kind.into();
        object["apiVersion"] = kind.api_version().into();
        put(path, object);
    });
}

/// What the API server says of itself and of whoever asks.
fn discovery(pages: &mut Pages) {
    let mut put = |path: &str, value: Value| pages.insert(path.to_owned(), vec![packed(value.to_string().as_bytes())]);
    put("/version", json!({"major": "1", "minor": "36", "gitVersion": "v1.36.2"}));
    let mut groups: BTreeMap<&str, (&str, Vec<Value>)> = BTreeMap::new();
    for kind in KINDS {
        let resource = json!({
            "resource": kind.resource, "responseKind": {"group": "", "version": "", "kind": kind.kind},
            "scope": if kind.namespaced { "Namespaced" } else { "Cluster" }, "verbs": ["get", "list", "watch"],
        });
        groups.entry(kind.group).or_insert((kind.version, Vec::new())).1.push(resource);
    }
    let of = |core: bool| -> Value {
        let items: Vec<Value> = groups
            .iter()
            .filter(|(group, _)| group.is_empty() == core)
            .map(|(group, (version, resources))| {
                let version = json!({"version": version, "freshness": "Current", "resources": resources});
                json!({"metadata": {"name": group}, "versions": [version]})
            })
            .collect();
        json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
    };
    put("/api", of(true));
    put("/apis", of(false));
    put(
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        json!({"kind": "SelfSubjectReview", "status": {"userInfo": {"username": "auditor", "groups": ["auditors"]}}}),
    );
}
