//! Settings of control planes and kubelets: one hardened cluster as kubeadm makes it, and for each check the same cluster
//! with the one setting wrong that the check asks about.

use super::*;
use crate::facts::control_plane::tests::static_pod;

const API_SERVER: &[&str] = &[
    "kube-apiserver",
    "--anonymous-auth=false",
    "--audit-log-maxage=30",
    "--audit-log-maxbackup=10",
    "--audit-log-maxsize=100",
    "--audit-log-path=/var/log/kubernetes/audit.log",
    "--audit-policy-file=/etc/kubernetes/audit-policy.yaml",
    "--authorization-mode=Node,RBAC",
    "--client-ca-file=/etc/kubernetes/pki/ca.crt",
    "--enable-admission-plugins=NodeRestriction,AlwaysPullImages,DenyServiceExternalIPs,EventRateLimit",
    "--encryption-provider-config=/etc/kubernetes/encryption.yaml",
    "--etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt",
    "--etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt",
    "--etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key",
    "--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt",
    "--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt",
    "--kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key",
    "--profiling=false",
    "--service-account-extend-token-expiration=false",
    "--service-account-key-file=/etc/kubernetes/pki/sa.pub",
    "--tls-cert-file=/etc/kubernetes/pki/apiserver.crt",
    "--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_AES_256_GCM_SHA384",
    "--tls-private-key-file=/etc/kubernetes/pki/apiserver.key",
];

const CONTROLLER_MANAGER: &[&str] = &[
    "kube-controller-manager",
    "--bind-address=127.0.0.1",
    "--profiling=false",
    "--root-ca-file=/etc/kubernetes/pki/ca.crt",
    "--service-account-private-key-file=/etc/kubernetes/pki/sa.key",
    "--use-service-account-credentials=true",
];

const SCHEDULER: &[&str] = &["kube-scheduler", "--bind-address=127.0.0.1", "--profiling=false"];

const ETCD: &[&str] = &[
    "etcd",
    "--cert-file=/etc/kubernetes/pki/etcd/server.crt",
    "--client-cert-auth=true",
    "--key-file=/etc/kubernetes/pki/etcd/server.key",
    "--peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt",
    "--peer-client-cert-auth=true",
    "--peer-key-file=/etc/kubernetes/pki/etcd/peer.key",
    "--peer-trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
    "--trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
];

/// Check, component, what it has instead: `--flag=value`, or `--flag` to leave it out.
const WRONG: &[(&str, &str, &str)] = &[
    ("apiserver-anonymous-auth", "kube-apiserver", "--anonymous-auth"),
    ("apiserver-static-credentials", "kube-apiserver", "--token-auth-file=/etc/kubernetes/tokens.csv"),
    ("apiserver-authorization", "kube-apiserver", "--authorization-mode=RBAC"),
    ("apiserver-no-always-allow", "kube-apiserver", "--authorization-mode=Node,RBAC,AlwaysAllow"),
    ("apiserver-node-restriction", "kube-apiserver", "--enable-admission-plugins=AlwaysPullImages"),
    ("apiserver-no-always-admit", "kube-apiserver", "--enable-admission-plugins=NodeRestriction,AlwaysAdmit"),
    ("apiserver-default-admission", "kube-apiserver", "--disable-admission-plugins=PodSecurity"),
    ("apiserver-profiling", "kube-apiserver", "--profiling"),
    ("apiserver-audit-policy", "kube-apiserver", "--audit-policy-file"),
    ("apiserver-audit-log", "kube-apiserver", "--audit-log-path"),
    ("apiserver-audit-age", "kube-apiserver", "--audit-log-maxage=7"),
    ("apiserver-audit-backups", "kube-apiserver", "--audit-log-maxbackup=2"),
    ("apiserver-audit-size", "kube-apiserver", "--audit-log-maxsize=10"),
    ("apiserver-service-account-lookup", "kube-apiserver", "--service-account-lookup=false"),
    ("apiserver-token-keys", "kube-apiserver", "--service-account-key-file"),
    ("apiserver-token-extension", "kube-apiserver", "--service-account-extend-token-expiration"),
    ("apiserver-etcd-tls", "kube-apiserver", "--etcd-certfile"),
    ("apiserver-kubelet-client", "kube-apiserver", "--kubelet-client-key"),
    ("apiserver-kubelet-ca", "kube-apiserver", "--kubelet-certificate-authority"),
    ("apiserver-serving-tls", "kube-apiserver", "--tls-cert-file"),
    ("apiserver-client-ca", "kube-apiserver", "--client-ca-file"),
    ("apiserver-tls-version", "kube-apiserver", "--tls-min-version=VersionTLS10"),
    ("apiserver-tls-ciphers", "kube-apiserver", "--tls-cipher-suites=TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    ("apiserver-encryption-configured", "kube-apiserver", "--encryption-provider-config"),
    ("apiserver-external-ips", "kube-apiserver", "--enable-admission-plugins=NodeRestriction"),
    ("apiserver-event-rate", "kube-apiserver", "--enable-admission-plugins=NodeRestriction"),
    ("apiserver-always-pull", "kube-apiserver", "--enable-admission-plugins=NodeRestriction"),
    ("apiserver-request-timeout", "kube-apiserver", "--request-timeout=0"),
    ("controller-manager-profiling", "kube-controller-manager", "--profiling=true"),
    ("controller-manager-credentials", "kube-controller-manager", "--use-service-account-credentials"),
    ("controller-manager-token-keys", "kube-controller-manager", "--root-ca-file"),
    ("controller-manager-bind", "kube-controller-manager", "--bind-address"),
    ("controller-manager-pod-gc", "kube-controller-manager", "--terminated-pod-gc-threshold=0"),
    (
        "controller-manager-kubelet-rotation",
        "kube-controller-manager",
        "--feature-gates=RotateKubeletServerCertificate=false",
    ),
    ("scheduler-profiling", "kube-scheduler", "--profiling"),
    ("scheduler-bind", "kube-scheduler", "--bind-address=0.0.0.0"),
    ("etcd-serving-tls", "etcd", "--cert-file"),
    ("etcd-client-auth", "etcd", "--client-cert-auth"),
    ("etcd-no-auto-tls", "etcd", "--auto-tls=true"),
    ("etcd-peer-tls", "etcd", "--peer-key-file"),
    ("etcd-peer-auth", "etcd", "--peer-client-cert-auth=false"),
    ("etcd-own-ca", "etcd", "--trusted-ca-file=/etc/kubernetes/pki/ca.crt"),
];

/// The control plane, one component of it with something else instead.
fn plane(changed: &str, instead: &str) -> Vec<List> {
    let components = [
        ("kube-apiserver", API_SERVER),
        ("kube-controller-manager", CONTROLLER_MANAGER),
        ("kube-scheduler", SCHEDULER),
        ("etcd", ETCD),
    ];
    let pods = components.map(|(component, words)| {
        let flag = instead.split('=').next().unwrap_or_default();
        let other = |word: &&&str| component != changed || word.split('=').next() != Some(flag);
        let mut words: Vec<&str> = words.iter().filter(other).copied().collect();
        words.extend((component == changed && instead.contains('=')).then_some(instead));
        static_pod(component, "cp-1", &words)
    });
    vec![list("Pod", pods.to_vec())]
}

#[test]
pub(super) fn command_lines_are_told_apart() {
    for &(check, component, instead) in WRONG {
        let flag = instead.split('=').next().unwrap_or_default();
        tell_apart(check, plane("", ""), plane(component, instead), flag);
    }
}

/// Check, and what kubelets have instead.
fn wrong_kubelets() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("kubelet-anonymous", "/authentication/anonymous/enabled", json!(true)),
        ("kubelet-authorization", "/authorization/mode", json!("AlwaysAllow")),
        ("kubelet-client-ca", "/authentication/x509/clientCAFile", Value::Null),
        ("kubelet-read-only-port", "/readOnlyPort", json!(10255)),
        ("kubelet-idle-streams", "/streamingConnectionIdleTimeout", json!("0s")),
        ("kubelet-iptables", "/makeIPTablesUtilChains", json!(false)),
        ("kubelet-events", "/eventRecordQPS", json!(1)),
        ("kubelet-certificate-rotation", "/rotateCertificates", json!(false)),
        ("kubelet-ciphers", "/tlsCipherSuites", json!(["TLS_RSA_WITH_RC4_128_SHA"])),
        ("kubelet-pids", "/podPidsLimit", json!(-1)),
        ("kubelet-seccomp", "/seccompDefault", json!(false)),
        ("kubelet-kernel-defaults", "/protectKernelDefaults", json!(false)),
        ("kubelet-serving-certificate", "/serverTLSBootstrap", json!(false)),
        ("kubelet-serving-rotation", "/serverTLSBootstrap", json!(false)),
    ]
}

/// What one node's kubelet answers for its configuration, hardened.
fn kubelet() -> Value {
    json!({
        "authentication": {
            "anonymous": { "enabled": false },
            "webhook": { "enabled": true },
            "x509": { "clientCAFile": "/etc/kubernetes/pki/ca.crt" },
        },
        "authorization": { "mode": "Webhook" },
        "readOnlyPort": 0,
        "streamingConnectionIdleTimeout": "4h0m0s",
        "makeIPTablesUtilChains": true,
        "eventRecordQPS": 50,
        "rotateCertificates": true,
        "serverTLSBootstrap": true,
        "tlsCipherSuites": ["TLS_AES_256_GCM_SHA384"],
        "podPidsLimit": 4096,
        "seccompDefault": true,
        "protectKernelDefaults": true,
    })
}

#[test]
pub(super) fn kubelets_are_told_apart() {
    let ask = |check: &str, config: &Value| {
        let mut snapshot =
            snapshot(vec![list("ConfigMap", Vec::new()), list("Node", vec![object("", "a", json!({}))])]);
        snapshot.probes = vec![probe("kubelet-configz", Completeness::Complete, &json!({ "a": config }))];
        let assessment = assess(&workspace(Vec::new()), &[snapshot], &History::default(), None);
        result(&assessment, check).outcome
    };
    for (check, field, instead) in wrong_kubelets() {
        assert_eq!(ask(check, &kubelet()), Outcome::Pass, "{check}");
        let mut config = kubelet();
        *config.pointer_mut(field).expect("a field of the hardened one") = instead;
        assert_eq!(ask(check, &config), Outcome::Fail, "{check}");
    }
    // A certificate that somebody laid down serves as well as one that the cluster signed.
    let mut named = kubelet();
    named["serverTLSBootstrap"] = false.into();
    named["tlsCertFile"] = "/var/lib/kubelet/pki/kubelet.crt".into();
    named["tlsPrivateKeyFile"] = "/var/lib/kubelet/pki/kubelet.key".into();
    assert_eq!(ask("kubelet-serving-certificate", &named), Outcome::Pass);
}

/// Outcome of a check on a cluster reached at this address that answered these probes.
fn reached(check: &str, server: &str, probes: Vec<crate::snapshot::Probe>) -> Outcome {
    let mut snapshot = snapshot(vec![list("Service", vec![object("default", "kubernetes", json!({}))])]);
    snapshot.header.cluster.server = Some(server.to_owned());
    snapshot.probes = probes;
    let assessment = assess(&workspace(Vec::new()), &[snapshot], &History::default(), None);
    result(&assessment, check).outcome
}

#[test]
pub(super) fn api_servers_are_told_apart() {
    assert_eq!(reached("apiserver-address", "https://10.0.0.7:6443", Vec::new()), Outcome::Pass);
    assert_eq!(reached("apiserver-address", "https://203.0.113.7:6443", Vec::new()), Outcome::Fail);
    let certificate = |days: i64| {
        let body = json!({
            "subject": "CN=kube-apiserver", "issuer": "CN=kubernetes", "names": ["kubernetes.default.svc"],
            "not-before": moment(), "not-after": moment() + TimeDelta::days(days), "protocol": "TLS 1.3",
            "cipher-suite": "TLS13_AES_256_GCM_SHA384",
        });
        vec![probe("api-certificate", Completeness::Complete, &body)]
    };
    assert_eq!(reached("apiserver-certificate-expiry", "https://10.0.0.7", certificate(300)), Outcome::Pass);
    assert_eq!(reached("apiserver-certificate-expiry", "https://10.0.0.7", certificate(3)), Outcome::Fail);
    let written = |prefix: &str| {
        let sample = json!({ "resource": "secrets", "status": "OK", "transformation_type": "to_storage",
            "transformer_prefix": prefix, "count": 12.0 });
        vec![probe("encryption-at-rest", Completeness::Complete, &json!([sample]))]
    };
    assert_eq!(reached("apiserver-encryption-in-use", "https://10.0.0.7", written("k8s:enc:kms:v2:")), Outcome::Pass);
    assert_eq!(reached("apiserver-encryption-in-use", "https://10.0.0.7", written("identity")), Outcome::Fail);
}

fn node(version: &str, runtime: &str) -> Vec<List> {
    let info =
        json!({ "kubeletVersion": version, "osImage": "Ubuntu 24.04.3 LTS", "containerRuntimeVersion": runtime });
    vec![list("Node", vec![object("", "worker-1", json!({ "status": { "nodeInfo": info } }))])]
}

#[test]
pub(super) fn runtimes_and_ends_of_life_are_told_apart() {
    let mut declared = workspace(vec![shop()]);
    declared.policy.runtimes = vec!["containerd://2.*".to_owned()];
    declared.lifecycles = vec![crate::workspace::Lifecycle {
        product: crate::workspace::Product::Runtime,
        title: "containerd of the provider".to_owned(),
        versions: vec!["containerd://2.1.*".to_owned()],
        released: None,
        end: chrono::NaiveDate::from_ymd_opt(2027, 6, 30).expect("a date"),
        source: "Contract".to_owned(),
    }];
    let ask = |check: &str, version: &str, runtime: &str| ask_in(&declared, check, node(version, runtime)).0;
    assert_eq!(ask("node-runtime", "v1.36.1", "containerd://2.1.4"), Outcome::Pass);
    assert_eq!(ask("node-runtime", "v1.36.1", "docker://20.10.1"), Outcome::Fail);
    assert_eq!(ask("version-end-of-life", "v1.36.1", "containerd://2.1.4"), Outcome::Pass);
    assert_eq!(ask("version-end-of-life", "v1.24.1", "containerd://2.1.4"), Outcome::Fail);
}

#[test]
pub(super) fn claims_of_namespaces_are_told_apart() {
    tell_apart(
        "namespace-claimed",
        vec![namespaces(&["shop"])],
        vec![namespaces(&["stray"])],
        "no component claims it",
    );
    let pod = |namespace: &str| vec![list("Pod", vec![object(namespace, "web", container_of("web"))])];
    tell_apart("namespace-default-unused", pod("shop"), pod("default"), "runs in the namespace default");
}

fn container_of(name: &str) -> Value {
    json!({ "spec": { "containers": [{ "name": name, "image": "registry.example.com/web:1" }] }, "status": { "phase": "Running" } })
}

#[test]
pub(super) fn groups_of_kubernetes_are_told_apart() {
    let binding = |role: &str, group: &str| {
        let body = json!({
            "roleRef": { "kind": "ClusterRole", "name": role },
            "subjects": [{ "kind": "Group", "apiGroup": RBAC, "name": group }],
        });
        vec![list(&format!("{RBAC}/ClusterRoleBinding"), vec![object("", "ours", body)])]
    };
    let admins = |group: &str| binding("cluster-admin", group);
    tell_apart("rbac-system-masters", admins("oidc:admins"), admins("system:masters"), "system:masters");
    // Kubernetes' own binding is no finding.
    let mut own = admins("system:masters");
    let one = labelled(
        object(
            "",
            "cluster-admin",
            json!({ "roleRef": { "kind": "ClusterRole", "name": "cluster-admin" },
            "subjects": [{ "kind": "Group", "name": "system:masters" }] }),
        ),
        &[("kubernetes.io/bootstrapping", "rbac-defaults")],
    );
    own[0] = list(&format!("{RBAC}/ClusterRoleBinding"), vec![one]);
    assert_eq!(ask("rbac-system-masters", own).0, Outcome::NotApplicable);
    let tokens = |role: &str| binding(role, "system:bootstrappers:kubeadm:default-node-token");
    tell_apart("rbac-bootstrap-tokens", tokens("system:node-bootstrapper"), tokens("view"), "binds the role view");
}

#[test]
pub(super) fn external_secrets_are_told_apart() {
    let secret = |status: &str| {
        let condition = json!({ "type": "Ready", "status": status, "reason": "SecretSyncedError" });
        let body = json!({ "spec": { "target": { "name": "db" } }, "status": { "conditions": [condition] } });
        vec![list("external-secrets.io/ExternalSecret", vec![object("shop", "db", body)])]
    };
    tell_apart("external-secret-synced", secret("True"), secret("False"), "no Ready = True");
    let odd = list(
        "external-secrets.io/ExternalSecret",
        vec![object("shop", "db", json!({ "status": { "conditions": null } }))],
    );
    assert_eq!(ask("external-secret-synced", vec![odd]).0, Outcome::Fail);
}

#[test]
pub(super) fn vulnerability_reports_are_told_apart() {
    let reports = |published: &str, updated: &str, of: &str| {
        let body = json!({ "report": {
            "artifact": { "repository": "library/tomcat", "tag": "8.5" },
            "scanner": { "name": "Trivy", "version": "0.67.2" },
            "summary": { "criticalCount": 1, "highCount": 0, "mediumCount": 0, "lowCount": 0, "unknownCount": 0 },
            "updateTimestamp": updated,
            "vulnerabilities": [{ "vulnerabilityID": "CVE-2021-44228", "severity": "CRITICAL",
                "fixedVersion": "2.15.0", "publishedDate": published }],
        } });
        let labels = [
            ("trivy-operator.container.name", "app"),
            ("trivy-operator.resource.kind", "Pod"),
            ("trivy-operator.resource.name", of),
            ("trivy-operator.resource.namespace", "shop"),
        ];
        let report = labelled(object("shop", "pod-web-app", body), &labels);
        vec![
            list("Pod", vec![object("shop", "web", container_of("app"))]),
            list("aquasecurity.github.io/VulnerabilityReport", vec![report]),
            ended(
                "spdx.softwarecomposition.kubescape.io/VulnerabilityManifestSummary",
                Completeness::Absent,
                Vec::new(),
            ),
        ]
    };
    let (old, fresh) = ("2021-12-10T10:15:09Z", "2026-11-20T09:46:42Z");
    let mut declared = workspace(vec![shop()]);
    declared.policy.remediation_days = [(Severity::Critical, 7)].into();
    let ask_both = |check: &str, good: Vec<List>, bad: Vec<List>| {
        assert_eq!(ask_in(&declared, check, good).0, Outcome::Pass, "{check}");
        assert_eq!(ask_in(&declared, check, bad).0, Outcome::Fail, "{check}");
    };
    ask_both("vulnerability-remediation", reports(fresh, fresh, "web"), reports(old, fresh, "web"));
    ask_both("vulnerability-report-age", reports(old, fresh, "web"), reports(old, "2026-11-02T09:46:42Z", "web"));
    ask_both("vulnerability-coverage", reports(old, fresh, "web"), reports(old, fresh, "other"));
}
