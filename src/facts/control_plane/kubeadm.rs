//! What kubeadm was told to start the control plane with: `extraArgs` in the ConfigMap `kubeadm-config`. It counts only
//! where no static Pod shows what runs.
//!
//! Invariant: what was configured is never shown as running, and what kubeadm was not told is not visible: it sets flags
//! of its own, and another program may run the control plane by now.

use serde_json::Value as Json;

use super::{
    PlaneComponent, PlaneSetting, PlaneSource,
    flags::{CommandLine, Value},
    settings::{self, Setting},
};
use crate::snapshot::{Object, Snapshot};

/// Why a setting that kubeadm was not told is not visible.
const NOT_TOLD: &str = "kubeadm was not told it, and what runs is not to be seen";

/// The ConfigMap in a list of them, with its index.
pub(crate) fn find(snapshot: &Snapshot) -> Option<(usize, usize, &Object)> {
    let number = snapshot.number("", "ConfigMap")?;
    let named = |object: &Object| (&*object.namespace, &*object.name) == ("kube-system", "kubeadm-config");
    let (index, object) = snapshot.lists[number].seen().iter().enumerate().find(|(_, object)| named(object))?;
    Some((number, index, object))
}

/// The arguments of a component in it; `None` where it says nothing of the component.
pub(crate) fn arguments(object: &Object, component: &str) -> Option<CommandLine> {
    let section = match component {
        "kube-apiserver" => "/apiServer",
        "kube-controller-manager" => "/controllerManager",
        "kube-scheduler" => "/scheduler",
        "etcd" => "/etcd/local",
        _ => return None,
    };
    let body: Json = object.body().ok()?;
    let words = body.pointer(&format!("/data/ClusterConfiguration{section}/extraArgs"))?.as_array()?;
    let words: Vec<String> = words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect();
    Some(CommandLine::of(String::new(), &words, Vec::new()))
}

/// What kubeadm was told of a setting.
pub(crate) fn told(line: &CommandLine, setting: &Setting) -> Value {
    line.given(setting).unwrap_or_else(|| Value::Hidden(NOT_TOLD.to_owned()))
}

/// Components of which kubeadm was told something.
pub(super) fn configured(object: &Object) -> Vec<PlaneComponent> {
    let of = |component: &settings::Component| {
        let line = arguments(object, &component.id)?;
        let told = component.settings.iter().filter_map(|setting| Some((setting, line.given(setting)?)));
        let settings: Vec<PlaneSetting> =
            told.map(|(setting, value)| PlaneSetting::of(setting, [(String::new(), value)])).collect();
        let source = PlaneSource::Configured;
        (!settings.is_empty()).then(|| PlaneComponent {
            name: component.id.clone(),
            source,
            nodes: Vec::new(),
            settings,
        })
    };
    settings::components().iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::{History, Outcome, assess, testing},
        facts::{Origin, control_plane::tests::static_pod},
        snapshot::Snapshot,
    };

    fn cluster(words: &[&str], pods: Vec<Object>) -> Snapshot {
        let body = json!({ "data": { "ClusterConfiguration": { "apiServer": { "extraArgs": words } } } });
        let map = testing::object("kube-system", "kubeadm-config", body);
        testing::snapshot(vec![testing::list("ConfigMap", vec![map]), testing::list("Pod", pods)])
    }

    fn ask(check: &str, snapshot: Snapshot) -> (Outcome, String) {
        let found = assess(&testing::workspace(Vec::new()), &[snapshot], &History::default(), None);
        let result = found.results.iter().find(|it| it.check.as_str() == check).expect("asked");
        let finding = found.findings.iter().find(|it| it.check.as_str() == check);
        let said =
            finding.map_or(result.reason.clone(), |it| format!("{}: {}", it.objects[0].key, it.objects[0].message));
        let cited = result.evidence.iter().any(|piece| piece.path == "/api/v1/configmaps");
        assert_eq!(cited, finding.is_some(), "a list in which something fails is cited");
        (result.outcome, said)
    }

    #[test]
    fn what_was_configured_wrong_fails_and_what_was_configured_right_never_passes() {
        let configured = |words: &[&str]| cluster(words, Vec::new());
        let (outcome, said) = ask("apiserver-anonymous-auth", configured(&["--anonymous-auth=true"]));
        assert_eq!(outcome, Outcome::Fail);
        assert!(said.contains("kubeadm-config: as configured: --anonymous-auth is true"), "{said}");
        let (outcome, said) = ask("apiserver-anonymous-auth", configured(&["--anonymous-auth=false"]));
        assert!(outcome == Outcome::NotVisible && said.contains("not what runs"), "{said}");
        let (outcome, said) = ask("apiserver-profiling", configured(&["--anonymous-auth=false"]));
        assert!(outcome == Outcome::NotVisible && said.contains("kubeadm was not told it"), "{said}");
    }

    #[test]
    fn what_runs_counts_where_it_is_seen() {
        let pod = static_pod("kube-apiserver", "cp-1", &["kube-apiserver", "--anonymous-auth=false"]);
        let snapshot = cluster(&["--anonymous-auth=true"], vec![pod]);
        assert_eq!(ask("apiserver-anonymous-auth", snapshot).0, Outcome::Pass);
    }

    #[test]
    fn only_what_kubeadm_was_told_is_shown() {
        let workspace = testing::workspace(Vec::new());
        let snapshot = cluster(&["--profiling=false", "[redacted]"], Vec::new());
        let fact = super::super::observe(&crate::ownership::join(&workspace, &snapshot));
        let component = &fact.seen().components[0];
        assert_eq!((&*component.name, component.source), ("kube-apiserver", PlaneSource::Configured));
        let seen: Vec<_> = component.settings.iter().map(|it| (&*it.name, it.values[0].origin)).collect();
        assert_eq!(seen, [("profiling", Origin::Set)]);
    }
}
