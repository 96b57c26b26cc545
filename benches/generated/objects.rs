//! The objects of a generated cluster: namespaces of teams, applications in them, and what stands around.

use serde_json::{Map, Value, json};

use super::{Random, Size};

const TEAMS: [&str; 24] = [
    "payments",
    "search",
    "checkout",
    "catalog",
    "identity",
    "billing",
    "shipping",
    "pricing",
    "orders",
    "ledger",
    "fraud",
    "recommend",
    "content",
    "media",
    "mobile",
    "partners",
    "reports",
    "risk",
    "stock",
    "support",
    "tax",
    "tickets",
    "users",
    "warehouse",
];
const STAGES: [&str; 3] = ["prod", "stage", "dev"];
const PARTS: [&str; 16] = [
    "api",
    "web",
    "worker",
    "cache",
    "gateway",
    "consumer",
    "scheduler",
    "proxy",
    "indexer",
    "export",
    "mailer",
    "auth",
    "events",
    "images",
    "metrics",
    "admin",
];
const REGISTRIES: [&str; 4] = ["registry.example.com", "ghcr.io/example", "docker.io/library", "quay.io/example"];
/// Distinct Pod templates that teams copy from each other.
const TEMPLATES: usize = 120;
const TIME: &str = "2026-10-02T08:11:43Z";

/// What identifies an object.
struct Meta<'a> {
    kind: &'static str,
    name: &'a str,
    /// Empty for cluster-scoped objects.
    namespace: &'a str,
    labels: &'a Value,
    owner: Option<&'a Value>,
}

/// The usual metadata, a third of it `managedFields`.
fn metadata(meta: &Meta<'_>, uid: &str, fields: &Value, random: &mut Random) -> Value {
    let labels: Map<String, Value> =
        meta.labels.as_object().into_iter().flatten().map(|(key, _)| (format!("f:{key}"), json!({}))).collect();
    let mut out = json!({
        "name": meta.name, "uid": uid, "resourceVersion": (100_000 + random.below(900_000)).to_string(),
        "creationTimestamp": TIME, "labels": meta.labels,
        "managedFields": [{
            "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": TIME,
            "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": {"f:labels": labels}, "f:spec": fields},
        }],
    });
    if !meta.namespace.is_empty() {
        out["namespace"] = meta.namespace.into();
    }
    if let Some(owner) = meta.owner {
        out["ownerReferences"] = json!([owner]);
    }
    out
}

fn owner(api_version: &str, kind: &str, name: &str, uid: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "controller": true, "blockOwnerDeletion": true})
}

/// Names of fields as the API server keeps account of who set them.
fn fields_of(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (format!("f:{key}"), fields_of(value))).collect())
        }
        Value::Array(items) => {
            let named = items
                .iter()
                .filter_map(|item| Some((format!("k:{{\"name\":{}}}", item.get("name")?), fields_of(item))));
            let fields: Map<String, Value> = named.collect();
            Value::Object(fields)
        }
        _ => json!({}),
    }
}

/// One of the Pod templates in use, without what a Pod adds to it.
fn template(number: usize) -> Value {
    let part = PARTS[number % PARTS.len()];
    let hardened = number % 10 < 7;
    let context = match hardened {
        true => json!({
            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
            "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
        }),
        false if number % 30 == 9 => json!({"privileged": true}),
        false => json!({}),
    };
    let container = |name: &str, tag: usize| {
        let probe = json!({
            "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10,
            "successThreshold": 1, "failureThreshold": 3,
        });
        json!({
            "name": name, "image": format!("{}/{name}:v{}.{}", REGISTRIES[number % REGISTRIES.len()], 1 + tag % 4, number),
            "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
            "env": [
                {"name": "LOG_LEVEL", "value": "info"}, {"name": "REGION", "value": "eu-west-1"},
                {"name": "DATABASE_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}},
                {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
            ],
            "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, {"name": "config", "readOnly": true, "mountPath": "/etc/app"}],
            "livenessProbe": probe, "readinessProbe": probe, "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent", "securityContext": context,
        })
    };
    let mut containers = vec![container(part, 0)];
    if number.is_multiple_of(3) {
        containers.push(container("log-shipper", 1));
    }
    json!({
        "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "config", "configMap": {"name": part, "defaultMode": 420}}],
        "containers": containers, "restartPolicy": "Always", "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst", "serviceAccountName": part, "serviceAccount": part,
        "securityContext": if hardened { json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}) } else { json!({}) },
        "schedulerName": "default-scheduler",
    })
}

/// What the scheduler, admission and the kubelet add to a template.
fn pod_spec(template: &Value, node: &str, random: &mut Random) -> Value {
    let mut spec = template.clone();
    let token = format!("kube-api-access-{}", random.suffix(5));
    let sources = json!([
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]);
    let push = |value: &mut Value, item: Value| value.as_array_mut().expect("a list").push(item);
    push(&mut spec["volumes"], json!({"name": token, "projected": {"sources": sources, "defaultMode": 420}}));
    for container in spec["containers"].as_array_mut().expect("containers") {
        let mount =
            json!({"name": token, "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"});
        push(&mut container["volumeMounts"], mount);
    }
    spec["nodeName"] = node.into();
    spec["tolerations"] = json!([
        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
        {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
    ]);
    spec["priority"] = 0.into();
    spec["enableServiceLinks"] = true.into();
    spec["preemptionPolicy"] = "PreemptLowerPriority".into();
    spec
}

fn pod_status(spec: &Value, node: usize, random: &mut Random) -> Value {
    let condition =
        |kind: &str| json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": TIME});
    let statuses: Vec<Value> = spec["containers"]
        .as_array()
        .expect("containers")
        .iter()
        .map(|container| {
            let digest = format!("{:0>64}", format!("{:x}", container["image"].as_str().map_or(0, str::len) * 7919));
            json!({
                "name": container["name"], "state": {"running": {"startedAt": TIME}}, "lastState": {}, "ready": true,
                "restartCount": random.below(3), "image": container["image"],
                "imageID": format!("{}@sha256:{digest}", container["image"].as_str().unwrap_or_default().split(':').next().unwrap_or_default()),
                "containerID": format!("containerd://{}{}", random.uid().replace('-', ""), random.uid().replace('-', "")), "started": true,
            })
        })
        .collect();
    let ip = format!("10.{}.{}.{}", 64 + node % 64, random.below(256), 1 + random.below(254));
    json!({
        "phase": "Running", "conditions": [
            condition("PodReadyToStartContainers"), condition("Initialized"), condition("Ready"),
            condition("ContainersReady"), condition("PodScheduled"),
        ],
        "hostIP": format!("10.20.{}.{}", node / 250, 1 + node % 250), "podIP": ip, "podIPs": [{"ip": ip}], "startTime": TIME,
        "containerStatuses": statuses, "qosClass": "Burstable",
    })
}

/// Pod templates with the names of their fields.
struct Template {
    spec: Value,
    fields: Value,
}

/// A cluster in the making.
struct World<'a> {
    random: &'a mut Random,
    put: &'a mut dyn FnMut(&'static str, &Value),
    made: usize,
    nodes: usize,
    templates: Vec<Template>,
}

/// A namespace and whose it is.
struct Place {
    name: String,
    team: &'static str,
}

/// What the objects of one application share.
struct Around<'a> {
    place: &'a Place,
    labels: &'a Value,
}

impl Around<'_> {
    fn meta<'m>(&'m self, kind: &'static str, name: &'m str, owner: Option<&'m Value>) -> Meta<'m> {
        Meta { kind, name, namespace: &self.place.name, labels: self.labels, owner }
    }
}

impl World<'_> {
    /// Makes an object and returns its UID.
    fn put(&mut self, meta: &Meta<'_>, fields: &Value, rest: Value) -> String {
        let uid = self.random.uid();
        let mut object = json!({"metadata": metadata(meta, &uid, fields, self.random)});
        if let (Some(object), Value::Object(rest)) = (object.as_object_mut(), rest) {
            object.extend(rest);
        }
        self.made += 1;
        (self.put)(meta.kind, &object);
        uid
    }

    /// An object whose managed fields follow from what it has.
    fn plain(&mut self, kind: &'static str, place: &Place, name: &str, rest: Value) {
        let labels = json!({"app.kubernetes.io/managed-by": "Helm", "team": place.team});
        let fields = fields_of(&rest);
        self.put(&Meta { kind, name, namespace: &place.name, labels: &labels, owner: None }, &fields, rest);
    }

    /// Nodes, cluster roles and bindings, volumes.
    fn around(&mut self, cluster_bindings: usize) {
        let system = Place { name: String::new(), team: "platform" };
        for number in 0..self.nodes {
            let condition = |kind: &str, status: &str| json!({"type": kind, "status": status, "lastTransitionTime": TIME, "reason": "Kubelet"});
            self.plain("Node", &system, &format!("worker-{number:03}"), json!({
                "spec": {"podCIDR": format!("10.{}.{}.0/24", 64 + number % 64, number / 64), "providerID": format!("aws:///eu-west-1a/i-{number:017x}")},
                "status": {
                    "capacity": {"cpu": "16", "memory": "65536000Ki", "pods": "110"},
                    "conditions": [condition("Ready", "True"), condition("MemoryPressure", "False"), condition("DiskPressure", "False")],
                    "nodeInfo": {"kubeletVersion": "v1.36.2", "osImage": "Ubuntu 24.04.3 LTS", "containerRuntimeVersion": "containerd://2.1.4", "architecture": "amd64", "kernelVersion": "6.8.0-85-generic", "operatingSystem": "linux"},
                    "images": (0..30).map(|image| json!({"names": [format!("registry.example.com/app-{image}@sha256:{image:064x}")], "sizeBytes": 90_000_000 + image})).collect::<Vec<_>>(),
                },
            }));
        }
        for number in 0..300 {
            let rules = json!([
                {"apiGroups": ["", "apps"], "resources": ["pods", "services", "deployments", "replicasets"], "verbs": ["get", "list", "watch"]},
                {"apiGroups": [format!("group-{number}.example.com")], "resources": ["*"], "verbs": ["*"]},
            ]);
            self.plain("ClusterRole", &system, &format!("example:operator-{number:03}"), json!({"rules": rules}));
        }
        for number in 0..cluster_bindings {
            self.plain("ClusterRoleBinding", &system, &format!("example:operator-{number:03}"), json!({
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": format!("example:operator-{:03}", number % 300)},
                "subjects": [{"kind": "ServiceAccount", "name": "operator", "namespace": "kube-system"}],
            }));
        }
    }

    /// One namespace with so many Pods and role bindings.
    fn namespace(&mut self, place: &Place, pods: usize, bindings: usize) {
        for at in 0..bindings {
            let role = format!("{}-{at}", PARTS[at % PARTS.len()]);
            if at % 2 == 0 {
                let rules = json!([{"apiGroups": [""], "resources": ["configmaps", "pods", "pods/log"], "verbs": ["get", "list", "watch"]}]);
                self.plain("Role", place, &role, json!({"rules": rules}));
            }
            let (kind, name) = if at % 2 == 0 { ("Role", role.as_str()) } else { ("ClusterRole", "view") };
            self.plain("RoleBinding", place, &role, json!({
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
                "subjects": [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": format!("{}-developers", place.team)}],
            }));
        }
        self.plain("ResourceQuota", place, "compute", json!({"spec": {"hard": {"requests.cpu": "20", "requests.memory": "40Gi"}}, "status": {"used": {"requests.cpu": "3"}}}));
        self.plain("LimitRange", place, "defaults", json!({"spec": {"limits": [{"type": "Container", "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "100m"}}]}}));
        self.plain(
            "NetworkPolicy",
            place,
            "default-deny",
            json!({"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}),
        );
        let mut left = pods;
        let mut at = 0;
        while left > 0 {
            let replicas = (1 + self.random.below(5)).min(left);
            self.application(place, at, replicas);
            left -= replicas;
            at += 1;
        }
    }

    /// One application with what stands around it.
    fn application(&mut self, place: &Place, at: usize, replicas: usize) {
        let number = self.random.below(self.templates.len());
        let name = format!("{}-{at}", PARTS[number % PARTS.len()]);
        let Template { spec, fields } = &self.templates[number];
        let (spec, fields) = (spec.clone(), fields.clone());
        let labels = json!({
            "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": place.team, "app.kubernetes.io/managed-by": "Helm",
            "app.kubernetes.io/version": format!("1.{number}.0"), "team": place.team,
        });
        let around = Around { place, labels: &labels };
        let workload = json!({"f:replicas": {}, "f:template": {"f:spec": fields}});
        let body = |replicas: usize| {
            json!({
                "spec": {"replicas": replicas, "selector": {"matchLabels": {"app.kubernetes.io/name": name}}, "template": {"metadata": {"labels": labels}, "spec": spec}},
                "status": {"replicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas, "observedGeneration": 3},
            })
        };
        let deployment = self.put(&around.meta("Deployment", &name, None), &workload, body(replicas));
        let by = owner("apps/v1", "Deployment", &name, &deployment);
        let mut current = (String::new(), String::new());
        for replicas in [0, 0, replicas] {
            let name = format!("{name}-{}", self.random.suffix(10));
            let uid = self.put(&around.meta("ReplicaSet", &name, Some(&by)), &workload, body(replicas));
            current = (name, uid);
        }
        let by = owner("apps/v1", "ReplicaSet", &current.0, &current.1);
        for _ in 0..replicas {
            let node = self.random.below(self.nodes);
            let spec = pod_spec(&spec, &format!("worker-{node:03}"), self.random);
            let status = pod_status(&spec, node, self.random);
            let pod = format!("{}-{}", current.0, self.random.suffix(5));
            let uid = self.put(&around.meta("Pod", &pod, Some(&by)), &fields, json!({"spec": spec, "status": status}));
            let pod_owner = owner("v1", "Pod", &pod, &uid);
            let endpoint = json!({"status": {"id": self.random.below(60_000), "state": "ready", "networking": {"addressing": [{"ipv4": status["podIP"]}], "node": status["hostIP"]}}});
            self.put(&around.meta("CiliumEndpoint", &pod, Some(&pod_owner)), &fields_of(&endpoint), endpoint);
            let results: Vec<Value> = (0..4).map(|rule| json!({"policy": format!("policy-{rule}"), "rule": "autogen", "result": "pass", "message": "validation rule passed", "scored": true, "source": "kyverno", "timestamp": {"seconds": 1_759_000_000, "nanos": 0}})).collect();
            let report = json!({"summary": {"pass": 4, "fail": 0, "warn": 0, "error": 0, "skip": 0}, "results": results, "scope": {"apiVersion": "v1", "kind": "Pod", "name": pod, "namespace": place.name, "uid": uid}});
            self.put(&around.meta("PolicyReport", &uid, Some(&pod_owner)), &json!({}), report);
        }
        let vulnerabilities: Vec<Value> = (0..12).map(|at| json!({"vulnerabilityID": format!("CVE-2026-{:05}", self.random.below(40_000)), "severity": "MEDIUM", "resource": format!("libexample{at}"), "installedVersion": "1.0.0", "fixedVersion": "1.0.1", "title": "out-of-bounds read in the parser of a container image's library", "primaryLink": "https://avd.example.com/nvd"})).collect();
        let report = json!({"report": {
            "artifact": {"repository": "example/app", "tag": "v1"}, "registry": {"server": "registry.example.com"}, "scanner": {"name": "Trivy", "vendor": "Aqua Security", "version": "0.66.0"},
            "summary": {"criticalCount": self.random.below(2), "highCount": self.random.below(5), "mediumCount": 12, "lowCount": 3, "unknownCount": 0},
            "updateTimestamp": TIME, "vulnerabilities": vulnerabilities,
        }});
        let by_set = owner("apps/v1", "ReplicaSet", &current.0, &current.1);
        self.put(
            &around.meta("VulnerabilityReport", &format!("replicaset-{}", current.0), Some(&by_set)),
            &json!({}),
            report,
        );
        let address = format!("10.96.{}.{}", self.random.below(256), self.random.below(256));
        self.plain("Service", place, &name, json!({
            "spec": {"type": "ClusterIP", "clusterIP": address, "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}], "selector": {"app.kubernetes.io/name": name}},
            "status": {"loadBalancer": {}},
        }));
        self.plain("ServiceAccount", place, &name, json!({"automountServiceAccountToken": true}));
        self.plain("PodDisruptionBudget", place, &name, json!({"spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": name}}}, "status": {"currentHealthy": replicas, "desiredHealthy": replicas - 1}}));
        self.plain("NetworkPolicy", place, &name, json!({"spec": {"podSelector": {"matchLabels": {"app.kubernetes.io/name": name}}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 8080, "protocol": "TCP"}]}]}}));
        self.plain("HorizontalPodAutoscaler", place, &name, json!({"spec": {"minReplicas": 1, "maxReplicas": 8, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}}, "status": {"currentReplicas": replicas}}));
        self.plain("ExternalSecret", place, &name, json!({"spec": {"refreshInterval": "1h", "secretStoreRef": {"name": "vault", "kind": "ClusterSecretStore"}, "target": {"name": "database"}}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}));
        if number.is_multiple_of(5) {
            let host = format!("{name}.{}.example.com", place.name);
            self.plain("Ingress", place, &name, json!({"spec": {"ingressClassName": "nginx", "tls": [{"hosts": [host], "secretName": "tls"}], "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": name, "port": {"number": 80}}}}]}}]}}));
            self.plain("Certificate", place, &name, json!({"spec": {"secretName": "tls", "dnsNames": [host], "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer"}}, "status": {"notAfter": "2027-01-01T00:00:00Z", "conditions": [{"type": "Ready", "status": "True"}]}}));
        }
        if number.is_multiple_of(4) {
            let volume = format!("pvc-{}", self.random.uid());
            let system = Place { name: String::new(), team: place.team };
            self.plain("PersistentVolumeClaim", place, &name, json!({"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "gp3", "volumeName": volume, "resources": {"requests": {"storage": "20Gi"}}}, "status": {"phase": "Bound"}}));
            self.plain("PersistentVolume", &system, &volume, json!({"spec": {"capacity": {"storage": "20Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "gp3", "persistentVolumeReclaimPolicy": "Delete", "claimRef": {"kind": "PersistentVolumeClaim", "namespace": place.name, "name": name}, "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": volume}}, "status": {"phase": "Bound"}}));
        }
        if number.is_multiple_of(6) {
            let job = json!({"spec": {"template": {"spec": spec}}});
            self.plain("CronJob", place, &name, json!({"spec": {"schedule": "0 3 * * *", "jobTemplate": job}}));
        }
    }
}

/// Makes all objects of a cluster of this size.
pub(super) fn fill(size: Size, random: &mut Random, put: &mut dyn FnMut(&'static str, &Value)) {
    let templates = (0..TEMPLATES)
        .map(|number| {
            let spec = template(number);
            Template { fields: json!({"f:containers": fields_of(&spec["containers"])}), spec }
        })
        .collect();
    let mut world = World { random, put, made: 0, nodes: (size.pods / 60).max(3), templates };
    let cluster_bindings = size.bindings / 25;
    world.around(cluster_bindings);
    let mut places: Vec<Place> = (1..size.namespaces)
        .map(|number| {
            let team = TEAMS[number % TEAMS.len()];
            Place { name: format!("{team}-{}-{:03}", STAGES[number % STAGES.len()], number / TEAMS.len()), team }
        })
        .collect();
    places.push(Place { name: "kube-system".to_owned(), team: "platform" });
    places.sort_by(|a, b| a.name.cmp(&b.name));
    for (number, place) in places.iter().enumerate() {
        let labels = json!({
            "kubernetes.io/metadata.name": place.name, "team": place.team,
            "pod-security.kubernetes.io/enforce": if number.is_multiple_of(3) { "restricted" } else { "baseline" },
        });
        let meta = Meta { kind: "Namespace", name: &place.name, namespace: "", labels: &labels, owner: None };
        world.put(&meta, &json!({}), json!({"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}));
    }
    let share = |all: usize, number: usize| all * (number + 1) / places.len() - all * number / places.len();
    for (number, place) in places.iter().enumerate() {
        world.namespace(place, share(size.pods, number), share(size.bindings - cluster_bindings, number));
    }
    // What is missing to the size are ConfigMaps, of which every cluster has many.
    let rest = size.objects.saturating_sub(world.made);
    for (number, place) in places.iter().enumerate() {
        for at in 0..share(rest, number) {
            world.plain("ConfigMap", place, &format!("settings-{at:04}"), json!({}));
        }
    }
}
