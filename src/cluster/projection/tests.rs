use serde_json::{Value, json};

use super::*;
use crate::{
    cluster::page,
    snapshot::{REDACTED, Strings, UNEXPECTED},
};

fn read(projection: &Projection, object: &Value) -> (crate::snapshot::Object, Value) {
    let text = object.to_string();
    let object = page::parse_object(&text, projection, &Strings::default()).expect("an object");
    let body = serde_json::from_str(object.body.get()).expect("the body is JSON");
    (object, body)
}

#[test]
fn every_embedded_file_compiles() {
    let projections = Projections::builtin().expect("embedded projections compile");
    assert!(projections.iter().count() > 80);
    for projection in projections.iter() {
        assert!(!projection.resource.is_empty() && projection.version.starts_with('v'), "{projection:?}");
        assert!(projections.left_out(&projection.group, &projection.kind).is_none(), "{} is left out", projection.kind);
    }
    assert!(projections.get("", "Secret").is_some_and(|secret| secret.metadata_only && secret.risk.is_some()));
    assert!(projections.get("", "ConfigMap").is_some_and(|map| map.metadata_only && map.settings.len() == 2));
    assert!(projections.get("", "Pod").is_some_and(|pod| pod.keeps("spec.initContainers[].securityContext.procMount")));
    assert!(projections.get("", "Pod").is_some_and(|pod| !pod.keeps("spec.containers[].env[].value")));
}

#[test]
fn pods_keep_what_checks_need_and_nothing_secret() {
    let projections = Projections::builtin().expect("embedded");
    let pod = projections.get("", "Pod").expect("Pod");
    let (object, body) = read(
        pod,
        &json!({
            "metadata": {
                "name": "a", "namespace": "kube-system", "uid": "u", "labels": {"tier": "control-plane"},
                "managedFields": [{"fieldsV1": {"f:hunter2": {}}}],
                "annotations": {
                    "kubectl.kubernetes.io/last-applied-configuration": "hunter2", "other": "hunter2",
                    "kubernetes.io/config.source": "file"
                },
            },
            "spec": {
                "containers": [{
                    "name": "c", "image": "i",
                    "command": ["/usr/bin/kube-apiserver", "--anonymous-auth=false", "--password=hunter2", "hunter2"],
                    "args": ["--etcd-servers=https://u:hunter2@10.0.0.1:2379,https://10.0.0.2:2379", "--token-auth-file", "hunter2"],
                    "env": [{"name": "A", "value": "hunter2"}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                    "livenessProbe": {"exec": {"command": ["hunter2"]}},
                    "ports": [{"containerPort": 1, "extra": "hunter2"}],
                }],
                "volumes": [{"name": "v", "nfs": {"server": "hunter2"}}, {"name": "w", "hostPath": {"path": "/"}}, {"name": "x", "csi": {"driver": "d", "volumeAttributes": {"k": "hunter2"}}}],
                "nodeSelector": {},
            },
            "status": {"phase": "Running", "message": "hunter2", "conditions": null},
        }),
    );
    assert_eq!(object.annotations.len(), 1);
    assert_eq!(
        body,
        json!({
            "spec": {
                "containers": [{
                    "name": "c", "image": "i",
                    "command": ["/usr/bin/kube-apiserver", "--anonymous-auth=false", REDACTED, REDACTED],
                    "args": ["--etcd-servers=https://[redacted]@10.0.0.1:2379,https://10.0.0.2:2379", "--token-auth-file", REDACTED],
                    "env": [{"name": "A", "value": REDACTED}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                    "livenessProbe": {"exec": {}},
                    "ports": [{"containerPort": 1}],
                }],
                "volumes": [{"name": "v", "nfs": {}}, {"name": "w", "hostPath": {"path": "/"}}, {"name": "x", "csi": {"driver": "d"}}],
                "nodeSelector": {},
            },
            "status": {"phase": "Running", "conditions": null},
        })
    );
    let kept = pod.kept();
    for path in
        crate::facts::pod::PROBES.into_iter().chain(["spec.containers[].command.--anonymous-auth", "status.podIP"])
    {
        assert!(kept.keeps(path), "{path}");
    }
    for path in ["spec.containers[].env[].value", "spec.containers[].command.--password", "spec.volumes[].nfs.server"] {
        assert!(!kept.keeps(path), "{path}");
    }
}

#[test]
fn command_lines_outside_the_control_plane_are_not_kept() {
    let projections = Projections::builtin().expect("embedded");
    let pod = projections.get("", "Pod").expect("Pod");
    let spec = json!({"containers": [{"name": "c", "args": ["--profiling=true"]}]});
    let (_, body) = read(pod, &json!({"metadata": {"name": "a", "namespace": "shop"}, "spec": spec}));
    assert_eq!(body, json!({"spec": {"containers": [{"name": "c"}]}}));
    // In kube-system, but nothing of the control plane.
    let labels = json!({"k8s-app": "metrics-server"});
    let metadata = json!({"name": "a", "namespace": "kube-system", "labels": labels});
    let (_, body) = read(pod, &json!({"metadata": metadata, "spec": spec}));
    assert_eq!(body, json!({"spec": {"containers": [{"name": "c"}]}}));
    // Metadata after the spec: the namespace comes too late, so words are there but none is shown.
    let text = format!(r#"{{"spec":{spec},"metadata":{{"name":"a","namespace":"kube-system"}}}}"#);
    let object = page::parse_object(&text, pod, &Strings::default()).expect("an object");
    assert_eq!(object.body.get(), r#"{"spec":{"containers":[{"args":["[redacted]"],"name":"c"}]}}"#);
}

#[test]
fn another_shape_is_marked_not_dropped() {
    let projections = Projections::builtin().expect("embedded");
    let pod = projections.get("", "Pod").expect("Pod");
    let (_, body) =
        read(pod, &json!({"metadata": {"name": "a"}, "spec": {"containers": "hunter2", "hostNetwork": true}}));
    assert_eq!(body, json!({"spec": {"containers": UNEXPECTED, "hostNetwork": true}}));
    let (_, body) = read(pod, &json!({"metadata": {"name": "a"}, "spec": ["hunter2"]}));
    assert_eq!(body, json!({"spec": UNEXPECTED}));
}

#[test]
fn credentials_in_urls_are_not_kept() {
    let projections = Projections::builtin().expect("embedded");
    let application = projections.get("argoproj.io", "Application").expect("Application");
    let url = |text: &str| {
        let (_, body) = read(application, &json!({"metadata": {"name": "a"}, "spec": {"source": {"repoURL": text}}}));
        body["spec"]["source"]["repoURL"].as_str().map(str::to_owned).expect("a text")
    };
    assert_eq!(url("https://user:hunter2@git.example/a@b.git"), "https://[redacted]@git.example/a@b.git");
    assert_eq!(url("https://git.example/a?token=hunter2"), "https://git.example/a?[redacted]");
    assert_eq!(url("git@git.example:a/b.git"), "git@git.example:a/b.git");
}

/// The embedded projections and what one check reads; what of it is refused.
fn widened(needs: &str, question: &str) -> (Projections, Vec<String>) {
    let text = format!(
        "[[check]]\nid = \"own\"\ntitle = \"t\"\nseverity = \"low\"\nduty = \"image\"\nneeds = {needs}\nrationale = \"r\"\n\
         remediation = \"r\"\nrule = [{{ expression = '''{question}''', message = \"m\" }}]\n"
    );
    let checks = crate::checks::parse(&text).unwrap_or_else(|problems| panic!("{}", problems[0]));
    let mut projections = Projections::builtin().expect("embedded").clone();
    let refused = projections.widen(&checks[0]).into_iter().map(|(_, why)| why).collect();
    (projections, refused)
}

#[test]
fn own_checks_widen_what_is_kept_by_no_more_than_they_read() {
    let question = "object.spec.hostname == 'a' && has(object.spec.dnsConfig) && object.spec.hostAliases.size() == 0 && \
                    object.spec.containers.all(c, c.workingDir == '/') && object.spec.readinessGates.all(g, g.kind == 'a') && \
                    object.metadata.annotations['example.com/owner'] == 'b'";
    let (projections, refused) = widened("[\"Pod\"]", question);
    assert_eq!(refused, Vec::<String>::new());
    let pod = projections.get("", "Pod").expect("Pod");
    let (object, body) = read(
        pod,
        &json!({
            "metadata": {"name": "a", "annotations": {"example.com/owner": "b", "example.com/other": "hunter2"}},
            "spec": {
                "hostname": "h", "subdomain": "hunter2", "dnsConfig": {"searches": ["hunter2"]},
                "hostAliases": [{"ip": "hunter2"}, {}], "readinessGates": [{"kind": "a", "conditionType": "hunter2"}],
                "containers": [{"name": "c", "workingDir": "/w", "tty": true}],
            },
        }),
    );
    assert_eq!(object.annotations.len(), 1);
    assert_eq!(
        body,
        json!({"spec": {
            "hostname": "h", "dnsConfig": {}, "hostAliases": [{}, {}], "readinessGates": [{"kind": "a"}],
            "containers": [{"name": "c", "workingDir": "/w"}],
        }})
    );
    let kept = pod.kept();
    assert!(kept.keeps("spec.hostname") && kept.keeps_annotation("example.com/owner"));
    assert!(!kept.keeps_annotation("example.com/other"));
    assert!(!Projections::builtin().expect("embedded").get("", "Pod").expect("Pod").kept().keeps("spec.hostname"));
}

#[test]
fn kinds_of_which_only_metadata_was_kept_are_read_as_far_as_asked() {
    let question = "object.spec.size > 1 && object.spec.tags.all(t, t != '') && object.spec.map.all(k, v, v.x == k) && \
                    object.spec.labels['a.b/c'] == '' && 'x' in object.spec.either && object.spec[object.spec.key] == 1";
    let (projections, refused) = widened("[\"example.com/Policy\"]", question);
    assert_eq!(refused, Vec::<String>::new());
    let policy = projections.get("example.com", "Policy").expect("widened");
    assert_eq!((policy.resource.as_str(), policy.metadata_only), ("policies", false));
    let spec = json!({"size": 2, "tags": ["a"], "map": {"m": {"x": "m"}}, "labels": {"a.b/c": ""}, "either": ["x"]});
    let (_, body) = read(policy, &json!({"metadata": {"name": "a"}, "spec": spec, "status": {"x": 1}}));
    assert_eq!(body, json!({"spec": spec}));
    let (projections, _) = widened("[\"example.com/Policy\"]", "object.spec.items.all(i, i.a == 1)");
    let policy = projections.get("example.com", "Policy").expect("widened");
    let (_, body) = read(policy, &json!({"metadata": {"name": "a"}, "spec": {"items": [{"a": 1, "b": "hunter2"}]}}));
    assert_eq!(body, json!({"spec": {"items": [{"a": 1}]}}));
}

#[test]
fn checks_cannot_read_what_is_never_kept() {
    for (needs, question, why) in [
        ("[\"Secret\"]", "object.data.password != ''", "only names, labels and annotations"),
        ("[\"Secret\"]", "object.type != ''", "only names, labels and annotations"),
        ("[\"Pod\"]", "object.spec.containers.all(c, c.env.all(e, e.value != ''))", "is redacted"),
        ("[\"Pod\"]", "object.spec.containers.all(c, has(c.args))", "kept of some objects only"),
        ("[\"Pod\"]", "object.spec.containers.all(c, c.command[0] == 'sh')", "command lines can hold secrets"),
        ("[\"Pod\"]", "string(object.spec.containers) == ''", "is redacted"),
        ("[\"Pod\"]", "object == object", "the whole of a Pod is read"),
        ("[\"Pod\"]", "object.spec.containers.image == ''", "`spec.containers` of Pod is a list"),
        ("[\"Pod\"]", "has(object.metadata.managedFields)", "of metadata they hold name, namespace"),
        ("[\"Pod\"]", "object.metadata.annotations.all(a, a != '')", "all annotations of Pod are read"),
        (
            "[\"Pod\"]",
            "'kubectl.kubernetes.io/last-applied-configuration' in object.metadata.annotations",
            "holds whole objects",
        ),
        ("[\"Event\"]", "object.reason == ''", "no snapshot holds Event"),
        ("[\"apps/Deployment\"]", "object.spec.template.spec.containers.all(c, 'x' in c.args)", "command lines"),
        ("[\"apps/Deployment\"]", "object.spec.template[params.x] == 1", "`spec.template[]`"),
    ] {
        let question = question.replace("params.x", "object.metadata.name");
        let (projections, refused) = widened(needs, &question);
        assert!(refused.iter().any(|text| text.contains(why)), "{question}: {refused:?}");
        let kept = |all: &Projections| ["Secret", "Pod"].map(|kind| all.get("", kind).map(|it| it.kept()));
        assert_eq!(kept(&projections), kept(Projections::builtin().expect("embedded")), "{question}");
    }
}

#[test]
fn files_cannot_name_what_is_never_kept() {
    let compile = |kind: &str, group: &str, keep: &str| {
        let text = format!("format = 1\n[[kind]]\ngroup = \"{group}\"\nkind = \"{kind}\"\nkeep = [\"{keep}\"]\n");
        Projections::compile(Projections::default(), vec![("x.toml".into(), text)])
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    for (kind, keep) in [
        ("Secret", "data"),
        ("ConfigMap", "data.password"),
        ("Secret", "*"),
        ("Secret", "type"),
        ("ConfigMap", "immutable{}"),
        ("Pod", "spec.containers"),
        ("Pod", "spec.containers[]"),
        ("Pod", "spec.containers[].env"),
        ("Pod", "spec.containers[].env[].value"),
        ("Pod", "spec.containers[].env[].*"),
        ("Pod", "spec.containers[].args"),
        ("Pod", "spec.*[].args"),
        ("Pod", "spec.*"),
        ("Pod", "spec"),
        ("Pod", "metadata.managedFields"),
    ] {
        assert!(compile(kind, "", keep).is_err(), "{kind} {keep}");
    }
    assert!(compile("Deployment", "apps", "spec.template").is_err());
    assert!(compile("Deployment", "apps", "spec.template.spec.*.env").is_err());
    compile("Pod", "", "spec.containers[].workingDir").expect("an ordinary path");
    compile("Widget", "example.com", "spec").expect("whose specs we know nothing of");
}
