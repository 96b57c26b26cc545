use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    assess::{
        Assessment, History, Outcome, assess,
        testing::{claim, component, ended, labelled, list, namespaces, object, owned, snapshot, workspace},
    },
    checks::{self, Question},
    snapshot::{Completeness, Kept, List},
    workspace::Workspace,
};

/// A workspace whose own check `own` asks this.
fn asking(needs: &str, question: &str) -> Workspace {
    let text = format!(
        "format = 1\n[[check]]\nid = \"own\"\ntitle = \"t\"\nseverity = \"low\"\nduty = \"image\"\nneeds = {needs}\n\
         rationale = \"r\"\nremediation = \"r\"\n{question}"
    );
    let shop = component("shop", "platform", vec![claim(|claim| claim.namespaces = vec!["*".to_owned()])]);
    let mut workspace = workspace(vec![shop]);
    let definitions = checks::parse(&text).unwrap_or_else(|problems| panic!("{}", problems[0]));
    workspace.checks = definitions.into_iter().map(Arc::new).collect();
    workspace
}

/// Outcome, reason, and what the findings say.
fn answer(workspace: &Workspace, lists: Vec<List>) -> (Outcome, String, Vec<String>) {
    let assessment: Assessment = assess(workspace, &[snapshot(lists)], &History::default(), None);
    let result = assessment.results.iter().find(|result| result.check.as_str() == "own").expect("asked");
    let findings = assessment.findings.iter().filter(|finding| finding.check.as_str() == "own");
    let said = findings
        .flat_map(|finding| &finding.objects)
        .map(|failure| format!("{}: {}", failure.key, failure.message))
        .collect();
    (result.outcome, result.reason.clone(), said)
}

fn pod(name: &str, spec: Value) -> crate::snapshot::Object {
    object("shop", name, json!({ "spec": spec }))
}

const REPLICAS: &str = r#"
match = "object.metadata.name != 'left-out'"
params = { most = 2 }
variable = [{ name = "containers", expression = "object.spec.containers" }]
rule = [
  { expression = "variables.containers.size() <= params.most", message-expression = "'spec.containers has ' + string(variables.containers.size())" },
  { expression = "variables.containers.all(c, c.name != 'bad')", message = "spec.containers[].name = bad" },
]
"#;

fn containers(names: &[&str]) -> Value {
    json!({ "containers": names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>() })
}

#[test]
fn objects_are_told_apart_and_say_why() {
    let workspace = asking("[\"Pod\"]", REPLICAS);
    let good = list("Pod", vec![pod("a", containers(&["x"])), pod("left-out", json!({}))]);
    assert_eq!(answer(&workspace, vec![good]), (Outcome::Pass, "1 of 1 Pods pass".to_owned(), Vec::new()));
    let bad = list("Pod", vec![pod("a", containers(&["x", "bad", "y"])), pod("b", containers(&["x"]))]);
    let (outcome, reason, said) = answer(&workspace, vec![bad]);
    assert_eq!((outcome, &*reason), (Outcome::Fail, "1 of 2 Pods fail"));
    assert_eq!(said, ["Pod shop/a: spec.containers has 3; spec.containers[].name = bad"]);
    assert_eq!(answer(&workspace, vec![list("Pod", Vec::new())]).0, Outcome::NotApplicable);
}

#[test]
fn a_fault_is_an_error_with_the_object_and_hides_no_failure() {
    let workspace = asking("[\"Pod\"]", REPLICAS);
    let (outcome, reason, _) = answer(&workspace, vec![list("Pod", vec![pod("a", json!({}))])]);
    assert_eq!(outcome, Outcome::Error);
    assert!(
        reason.contains("Pod shop/a could not be evaluated") && reason.contains("no such key: containers"),
        "{reason}"
    );
    let both = list("Pod", vec![pod("a", json!({})), pod("b", containers(&["bad"]))]);
    let (outcome, reason, said) = answer(&workspace, vec![both]);
    assert_eq!((outcome, said.len()), (Outcome::Fail, 1), "{reason}");
    let endless = "rule = [{ expression = \"lists.range(9000000).size() > 0\", message = \"m\" }]";
    let (outcome, reason, _) = answer(&asking("[\"Pod\"]", endless), vec![list("Pod", vec![pod("a", json!({}))])]);
    assert!(outcome == Outcome::Error && reason.contains("steps"), "{reason}");
    let odd = "rule = [{ expression = \"1\", message = \"m\" }]";
    assert_eq!(answer(&asking("[\"Pod\"]", odd), vec![list("Pod", vec![pod("a", json!({}))])]).0, Outcome::Error);
}

#[test]
fn a_message_that_fails_hides_no_failure() {
    let question = "rule = [{ expression = \"false\", message-expression = \"object.metadata.labels.none\" }]";
    let (outcome, _, said) = answer(&asking("[\"Pod\"]", question), vec![list("Pod", vec![pod("a", json!({}))])]);
    assert_eq!(outcome, Outcome::Fail);
    assert!(
        said[0].contains("`false` is not met (its message fails: `object.metadata.labels`: no such key: labels)"),
        "{said:?}"
    );
}

#[test]
fn other_kinds_namespaces_and_params_can_be_asked() {
    let question = r#"rule = [
        { expression = "objects.Service.exists(s, s.metadata.namespace == object.metadata.namespace)", message = "no Service" },
        { expression = "namespaceObject.metadata.labels['tier'] == 'gold'", message = "not gold" },
    ]"#;
    let workspace = asking("[\"Pod\", \"Service\", \"Namespace\"]", question);
    let namespace = |tier| list("Namespace", vec![labelled(object("", "shop", json!({})), &[("tier", tier)])]);
    let service = |namespace| list("Service", vec![object(namespace, "web", json!({}))]);
    let pods = || list("Pod", vec![pod("a", json!({}))]);
    assert_eq!(answer(&workspace, vec![pods(), service("shop"), namespace("gold")]).0, Outcome::Pass);
    let (outcome, _, said) = answer(&workspace, vec![pods(), service("other"), namespace("tin")]);
    assert_eq!((outcome, said), (Outcome::Fail, vec!["Pod shop/a: no Service; not gold".to_owned()]));
    // Half a list of Services proves no absence.
    let half = ended("Service", Completeness::Partial("page 2".to_owned()), Vec::new());
    assert_eq!(answer(&workspace, vec![pods(), half, namespace("gold")]).0, Outcome::Error);
}

#[test]
fn what_an_older_snapshot_did_not_keep_is_not_visible() {
    let question = "rule = [{ expression = \"!has(object.spec.hostname) && \
                    !('example.com/a' in object.metadata.annotations)\", message = \"m\" }]";
    let workspace = asking("[\"Pod\"]", question);
    let annotated = |name| {
        let mut pod = pod(name, json!({}));
        pod.annotations.insert("example.com/b".into(), "".into());
        pod
    };
    let older = || list("Pod", vec![annotated("a")]);
    let (outcome, reason, _) = answer(&workspace, vec![older()]);
    assert_eq!(outcome, Outcome::NotVisible);
    assert!(
        reason.contains("/api/v1/pods was read, spec.hostname, metadata.annotations['example.com/a'] was not kept"),
        "{reason}"
    );
    let mut newer = older();
    let mut projections = crate::cluster::projection::Projections::builtin().expect("embedded").clone();
    assert!(projections.widen(&workspace.checks[0]).is_empty());
    newer.record.kept = projections.get_or_metadata("", "Pod").kept();
    assert_eq!(answer(&workspace, vec![newer]).0, Outcome::Pass);
    // Where there is no object nothing is missing of one.
    let mut empty = list("Pod", Vec::new());
    empty.record.kept = Kept::default();
    assert_eq!(answer(&workspace, vec![empty]).0, Outcome::NotApplicable);
}

#[test]
fn an_incomplete_fact_is_never_a_pass() {
    let question = "rule = [{ expression = \"facts.nodes.all(n, n.name != 'old')\", message = \"old nodes\" }]";
    let workspace = asking("[\"Namespace\"]", question);
    let nodes = |completeness| ended("Node", completeness, vec![object("", "n", json!({}))]);
    let with = |completeness| answer(&workspace, vec![namespaces(&["shop"]), nodes(completeness)]);
    assert_eq!(with(Completeness::Complete).0, Outcome::Pass);
    let (outcome, reason, _) = with(Completeness::Partial("page 2".to_owned()));
    assert!(outcome == Outcome::Error && reason.contains("the fact nodes is not complete"), "{outcome:?} {reason}");
    assert_eq!(answer(&workspace, vec![namespaces(&["shop"])]).0, Outcome::NotCollected);
}

#[test]
fn templates_are_asked_once_where_something_made_the_pods() {
    let question = "subject = \"pod-templates\"\nrule = [{ expression = \"!object.spec.?hostNetwork.orValue(false)\", \
                    message = \"spec.hostNetwork = true\" }]";
    let workspace = asking("[\"Pod\", \"apps/Deployment\"]", question);
    let template = json!({ "spec": { "template": { "spec": { "hostNetwork": true } } } });
    let deployment = object("shop", "web", template);
    let made = owned(pod("web-1", json!({ "hostNetwork": true })), "Deployment", &deployment);
    let lists = vec![
        list("Pod", vec![made, pod("bare", json!({ "hostNetwork": true })), pod("fine", json!({}))]),
        list("apps/Deployment", vec![deployment]),
    ];
    let (outcome, reason, said) = answer(&workspace, lists);
    assert_eq!((outcome, &*reason), (Outcome::Fail, "2 of 3 Pod templates fail"));
    assert_eq!(said, ["Pod shop/bare: spec.hostNetwork = true", "Deployment shop/web: spec.hostNetwork = true"]);
}

#[test]
fn namespaces_that_policy_leaves_out_are_said() {
    let question = "leave-out = \"privileged-namespaces\"\nrule = [{ expression = \"false\", message = \"m\" }]";
    let mut workspace = asking("[\"Pod\"]", question);
    workspace.policy.privileged_namespaces = vec!["sh*".to_owned()];
    let (outcome, reason, _) = answer(&workspace, vec![list("Pod", vec![pod("a", json!({}))])]);
    assert_eq!(outcome, Outcome::NotApplicable);
    assert!(reason.contains("left out as privileged by policy: shop (1 Pod)"), "{reason}");
}

#[test]
fn equal_specs_have_one_answer_and_others_their_own() {
    let question = "rule = [\n\
        { expression = \"object.spec.containers.all(c, c.image != 'bad')\", message = \"image\" },\n]";
    let workspace = asking("[\"Pod\"]", question);
    let Question::Rules(rules) = &workspace.checks[0].question else { panic!("rules") };
    assert!(rules.of_spec);
    let of = |name: &str, node: &str, image: &str| {
        pod(name, json!({ "containers": [{ "name": "c", "image": image }], "nodeName": node }))
    };
    let pods = vec![of("a", "n1", "bad"), of("b", "n2", "good"), of("c", "n3", "bad"), of("d", "n1", "good")];
    let (outcome, reason, said) = answer(&workspace, vec![list("Pod", pods)]);
    assert_eq!((outcome, &*reason), (Outcome::Fail, "2 of 4 Pods fail"));
    assert_eq!(said, ["Pod shop/a: image", "Pod shop/c: image"]);
    for (question, shared) in [
        ("object.spec.nodeName != 'n1'", false),
        ("object.metadata.name != 'a'", false),
        ("object.status.phase != ''", false),
        ("object.spec.volumes.all(v, v.name != '')", false),
        ("object.spec.volumes.all(v, !has(v.hostPath))", true),
        ("object.spec.containers.all(c, c.volumeMounts.all(m, m.readOnly))", true),
        ("object.spec.containers.all(c, c.volumeMounts.all(m, m.name != ''))", false),
        ("object.spec.containers.size() > 0 && objects.Pod.size() > 0 && now > timestamp(0)", true),
    ] {
        let workspace = asking("[\"Pod\"]", &format!("rule = [{{ expression = \"{question}\", message = \"m\" }}]"));
        let Question::Rules(rules) = &workspace.checks[0].question else { panic!("rules") };
        assert_eq!(rules.of_spec, shared, "{question}");
    }
    // The node decides, though the specs are equal but for it.
    let workspace = asking("[\"Pod\"]", "rule = [{ expression = \"object.spec.nodeName != 'n1'\", message = \"m\" }]");
    let (_, _, said) = answer(&workspace, vec![list("Pod", vec![of("a", "n1", "x"), of("b", "n2", "x")])]);
    assert_eq!(said, ["Pod shop/a: m"]);
}
