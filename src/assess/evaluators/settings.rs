//! Settings of the control plane and of kubelets: what a check's parameters expect of the command lines of static Pods, of
//! what kubelets run with, and of what kubeadm was told to configure.

use super::{Answer, Evaluator, Question, Tally};
use crate::{
    checks::params::{Elsewhere, Expectation, Other, Params, Verdict, nowhere},
    facts::control_plane::{
        flags::{self, CommandLine, Value},
        kubeadm, kubelets, settings,
        settings::Setting,
        version,
    },
    ownership::Spot,
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator { name: "control-plane-setting", subjects: "control-plane Pods", alone: true, ask: control_plane },
    Evaluator { name: "kubelet-setting", subjects: "kubelets and their configuration", alone: true, ask: kubelet },
];

/// What is wrong with one subject, and what of it cannot be seen.
#[derive(Default)]
struct Judged {
    failed: Vec<String>,
    hidden: Vec<String>,
}

fn judge(params: &Params, dashes: &str, value: impl Fn(&'static Setting) -> Value, elsewhere: Elsewhere<'_>) -> Judged {
    let all = |expected: &[(&'static Setting, Expectation)]| {
        let mut judged = Judged::default();
        for (setting, expectation) in expected {
            match expectation.judge(&format!("{dashes}{}", setting.name), &value(setting), elsewhere) {
                Verdict::Met => {}
                Verdict::Failed(why) => judged.failed.push(why),
                Verdict::NotVisible(why) => judged.hidden.push(why),
            }
        }
        judged
    };
    let judged = all(&params.expect);
    if params.or.is_empty() || judged.failed.is_empty() && judged.hidden.is_empty() {
        return judged;
    }
    let instead = all(&params.or);
    match (instead.failed.is_empty(), instead.hidden.is_empty()) {
        (true, true) => instead,
        // What would do instead cannot be seen.
        (true, false) => Judged { failed: Vec::new(), hidden: [judged.hidden, instead.hidden].concat() },
        (false, _) => Judged { failed: [judged.failed, instead.failed].concat(), hidden: judged.hidden },
    }
}

fn control_plane(question: &Question<'_, '_>) -> Answer {
    let Some(params) = question.params else {
        return Answer::Manual("the check names no setting".to_owned());
    };
    let version = version(question.bench.join);
    let elsewhere = |other: &Other| of_others(question, other);
    let mut tally = Tally::default();
    let mut hidden = Vec::new();
    let mut seen = false;
    for (spot, object) in question.objects("", "Pod") {
        if flags::component(object) != Some(params.component.id.as_str()) {
            continue;
        }
        seen = true;
        let line = match CommandLine::read(object, &params.component.id) {
            Ok(line) => line,
            Err(why) => {
                tally.subject();
                tally.odd(spot, why);
                continue;
            }
        };
        let value = |setting| line.value(params.component, setting, version);
        if params.when_set.is_some_and(|setting| value(setting) == Value::Unset) {
            continue;
        }
        tally.subject();
        let judged = judge(params, "--", value, &elsewhere);
        if judged.failed.is_empty() {
            hidden.extend(judged.hidden.into_iter().map(|why| format!("{}: {why}", object.name)));
        } else {
            tally.fail(spot, judged.failed.join("; "));
        }
    }
    if !seen {
        return configured(question, params);
    }
    tally.or_not_visible(hidden)
}

/// The answer where no static Pod shows what runs. What kubeadm was told to do wrong fails; what it was told to do
/// right may not be what runs.
fn configured(question: &Question<'_, '_>, params: &Params) -> Answer {
    let unseen = format!("no static Pod of {} is in kube-system", params.component.id);
    let map = kubeadm::find(question.bench.join.snapshot());
    let told = map
        .and_then(|(list, object, map)| Some((Spot { list, object }, kubeadm::arguments(map, &params.component.id)?)));
    let Some((spot, line)) = told else {
        return Answer::NotVisible(format!("{unseen}: whoever runs the control plane has to show its settings"));
    };
    let judged = judge(params, "--", |setting| kubeadm::told(&line, setting), &nowhere);
    let asked = params.when_set.is_none_or(|setting| line.given(setting).is_some());
    if asked && !judged.failed.is_empty() {
        let mut tally = Tally::default();
        tally.subject();
        tally.fail(spot, format!("as configured: {}", judged.failed.join("; ")));
        return tally.answer();
    }
    Answer::NotVisible(match judged.hidden.first() {
        Some(why) => format!("{unseen}; kubeadm-config: {why}"),
        None => format!("{unseen}; kubeadm-config is as expected, but that says what was configured, not what runs"),
    })
}

/// What a setting of another component of the control plane is, on all nodes.
fn of_others(question: &Question<'_, '_>, other: &Other) -> Result<Vec<String>, String> {
    let unseen = || format!("--{} of {} is not to be seen", other.setting, other.component);
    let component = settings::component(&other.component).ok_or_else(unseen)?;
    let setting = component.setting(&other.setting).ok_or_else(unseen)?;
    let version = version(question.bench.join);
    let mut values = Vec::new();
    for (_, object) in question.objects("", "Pod") {
        if flags::component(object) == Some(&*other.component) {
            match CommandLine::read(object, &other.component)?.value(component, setting, version) {
                Value::Set(value) | Value::Default(value) => values.push(value),
                Value::Unset => {}
                Value::Hidden(_) => return Err(unseen()),
            }
        }
    }
    if values.is_empty() { Err(unseen()) } else { Ok(values) }
}

/// A bad setting fails, wherever it stands. A good one passes only when every kubelet was asked what it runs with.
fn kubelet(question: &Question<'_, '_>) -> Answer {
    let Some(params) = question.params else {
        return Answer::Manual("the check names no setting".to_owned());
    };
    let version = version(question.bench.join);
    let probe = question.bench.join.snapshot().probe(kubelets::PROBE);
    let running: kubelets::Running = match probe.map(|probe| probe.body()) {
        None => kubelets::Running::default(),
        Some(Ok(running)) => running,
        Some(Err(_)) => return Answer::NotVisible("what kubelets answered has not the shape expected".to_owned()),
    };
    let mut tally = Tally::default();
    let mut hidden = Vec::new();
    let mut told = false;
    let mut silent = Vec::new();
    for (spot, node) in question.objects("", "Node") {
        let Some(config) = running.get(&*node.name) else {
            silent.push(&*node.name);
            continue;
        };
        tally.subject();
        let judged = judge(params, "", |setting| kubelets::value(config, setting, version), &nowhere);
        if judged.failed.is_empty() {
            hidden.extend(judged.hidden.into_iter().map(|why| format!("{}: {why}", node.name)));
        } else {
            tally.fail(spot, judged.failed.join("; "));
        }
    }
    for (spot, object) in question.objects("", "ConfigMap") {
        match kubelets::configured(object) {
            None => {}
            // What every kubelet runs with says more.
            Some(Err(_)) if silent.is_empty() => {}
            Some(Err(why)) => hidden.push(format!("kubelet-config: {why}")),
            Some(Ok(config)) => {
                told = true;
                let judged = judge(params, "", |setting| kubelets::value(&config, setting, version), &nowhere);
                if !judged.failed.is_empty() {
                    tally.subject();
                    tally.fail(spot, format!("as configured: {}", judged.failed.join("; ")));
                }
            }
        }
    }
    if let Some(first) = silent.first() {
        hidden.push(match (told, running.is_empty()) {
            (true, true) => "kubelet-config is as expected, but what kubelets run with was not read; `collect --with \
                             configz` reads it"
                .to_owned(),
            (false, true) => "neither kubelet-config nor what kubelets run with was read; `collect --with configz` \
                              reads the latter"
                .to_owned(),
            _ => format!("{} kubelets did not say what they run with, the first on {first}", silent.len()),
        });
    }
    tally.or_not_visible(hidden)
}

impl Tally {
    /// The answer, unless something could not be seen and nothing that was seen fails.
    fn or_not_visible(self, hidden: Vec<String>) -> Answer {
        match hidden.first() {
            Some(first) if self.failures.is_empty() && self.odd.is_empty() => Answer::NotVisible(match hidden.len() {
                1 => first.clone(),
                many => format!("{first} (and {} more)", many - 1),
            }),
            _ => self.answer(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        assess::{Assessment, History, Outcome, assess, testing},
        facts::control_plane::tests::static_pod,
        snapshot::{Completeness, List, Object},
    };

    fn outcome(assessment: &Assessment, check: &str) -> (Outcome, String) {
        let result = assessment.results.iter().find(|result| result.check.as_str() == check).expect("asked");
        (result.outcome, result.reason.clone())
    }

    fn assessed(list: List) -> Assessment {
        let workspace = testing::workspace(Vec::new());
        assess(&workspace, &[testing::snapshot(vec![list])], &History::default(), None)
    }

    fn pods(pods: Vec<Object>) -> Assessment {
        assessed(testing::list("Pod", pods))
    }

    #[test]
    fn command_lines_decide() {
        let good = [
            "kube-apiserver",
            "--profiling=false",
            "--audit-log-path=/var/log/audit.log",
            "--audit-log-maxsize=200",
            "--authorization-mode=Node,RBAC",
        ];
        let bad = ["kube-apiserver", "--audit-log-path=/var/log/audit.log", "--audit-log-maxsize=10"];
        let found = pods(vec![static_pod("kube-apiserver", "cp-1", &good)]);
        for check in ["apiserver-profiling", "apiserver-audit-log", "apiserver-audit-size", "apiserver-authorization"] {
            assert_eq!(outcome(&found, check).0, Outcome::Pass, "{check}");
        }
        assert_eq!(outcome(&found, "apiserver-encryption-configured").0, Outcome::Fail);
        let found = pods(vec![static_pod("kube-apiserver", "cp-1", &good), static_pod("kube-apiserver", "cp-2", &bad)]);
        for check in ["apiserver-profiling", "apiserver-audit-size", "apiserver-authorization"] {
            assert_eq!(outcome(&found, check).0, Outcome::Fail, "{check}");
        }
        let finding = found.findings.iter().find(|it| it.check.as_str() == "apiserver-profiling").expect("found");
        let (key, message) = (&finding.objects[0].key, &finding.objects[0].message);
        assert_eq!(&*key.name, "kube-apiserver-cp-2");
        assert_eq!(message, "--profiling is not set, and the default is true; expected false");
    }

    fn of_kubelets(configured: &serde_json::Value, running: &serde_json::Value) -> (Outcome, String, Vec<String>) {
        let map =
            testing::object("kube-system", "kubelet-config", serde_json::json!({"data": {"kubelet": configured}}));
        let node = |name: &str| testing::object("", name, serde_json::json!({}));
        let mut snapshot = testing::snapshot(vec![
            testing::list("ConfigMap", if configured.is_null() { Vec::new() } else { vec![map] }),
            testing::list("Node", vec![node("a"), node("b")]),
        ]);
        if !running.is_null() {
            snapshot.probes = vec![testing::probe("kubelet-configz", Completeness::Complete, running)];
        }
        let found = assess(&testing::workspace(Vec::new()), &[snapshot], &History::default(), None);
        let (outcome, reason) = outcome(&found, "kubelet-anonymous");
        let failed = found.findings.iter().filter(|finding| finding.check.as_str() == "kubelet-anonymous");
        (outcome, reason, failed.flat_map(|it| &it.objects).map(|it| it.key.name.to_string()).collect())
    }

    #[test]
    fn what_kubelets_run_with_decides_and_configuration_alone_never_passes() {
        let anonymous = |on: bool| serde_json::json!({"authentication": {"anonymous": {"enabled": on}}});
        let (good, bad, none) = (anonymous(false), anonymous(true), serde_json::Value::Null);
        assert_eq!(of_kubelets(&good, &serde_json::json!({"a": good, "b": good})).0, Outcome::Pass);
        let (outcome, _, failed) = of_kubelets(&good, &serde_json::json!({"a": good, "b": bad}));
        assert_eq!((outcome, failed), (Outcome::Fail, vec!["b".to_owned()]));
        let (outcome, reason, _) = of_kubelets(&good, &serde_json::json!({"a": good}));
        assert_eq!(outcome, Outcome::NotVisible);
        assert!(reason.contains("the first on b"), "{reason}");
        assert_eq!(of_kubelets(&good, &none).0, Outcome::NotVisible);
        assert_eq!(of_kubelets(&none, &none).0, Outcome::NotVisible);
        let (outcome, _, failed) = of_kubelets(&bad, &none);
        assert_eq!((outcome, failed), (Outcome::Fail, vec!["kubelet-config".to_owned()]));
    }

    #[test]
    fn what_is_not_asked_without_an_audit_log() {
        let found = pods(vec![static_pod("kube-apiserver", "cp-1", &["kube-apiserver"])]);
        assert_eq!(outcome(&found, "apiserver-audit-age").0, Outcome::NotApplicable);
        assert_eq!(outcome(&found, "apiserver-audit-log").0, Outcome::Fail);
    }

    #[test]
    fn what_cannot_be_seen_does_not_pass() {
        let managed = pods(vec![testing::object("kube-system", "coredns", serde_json::json!({}))]);
        let (outcome_seen, reason) = outcome(&managed, "apiserver-profiling");
        assert_eq!(outcome_seen, Outcome::NotVisible);
        assert!(reason.starts_with("no static Pod of kube-apiserver is in kube-system"), "{reason}");
        let file = pods(vec![static_pod("kube-apiserver", "cp-1", &["kube-apiserver", "--authorization-config=/a"])]);
        assert_eq!(outcome(&file, "apiserver-authorization").0, Outcome::NotVisible);
        let forbidden = assessed(testing::ended("Pod", Completeness::Forbidden("no".to_owned()), Vec::new()));
        assert_eq!(outcome(&forbidden, "apiserver-profiling").0, Outcome::Forbidden);
        let mut odd = static_pod("kube-apiserver", "cp-1", &["kube-apiserver"]);
        odd.body = testing::object("", "", serde_json::json!({"spec": []})).body;
        assert_eq!(outcome(&pods(vec![odd]), "apiserver-profiling").0, Outcome::Error);
    }
}
