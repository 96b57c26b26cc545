//! Pod Security by namespace: the level that its labels set, the level that Pods and Pod templates meet, and the
//! workloads that hold it back, each with the exact fields.
//!
//! Each distinct spec is judged once a version.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::{
    observed::{Observed, Reading},
    pod::Pods,
    pod_security::{Level, Mode, Policy, PolicyVersion, Violation, evaluate},
    running::{Shape, ShapeKey, Unit, WorkloadName, units},
};
use crate::{
    ownership::Join,
    snapshot::Object,
    sort::Sort,
    workspace::{ComponentId, TeamId},
};

/// Pod Security of one namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamespaceSecurity {
    /// Namespace.
    pub namespace: String,
    /// Component that claims the namespace itself.
    pub component: Option<ComponentId>,
    /// Team accountable for that component.
    pub team: Option<TeamId>,
    /// What Pods are refused for.
    pub enforce: ModeSet,
    /// What is noted in the audit log.
    pub audit: ModeSet,
    /// What is warned about.
    pub warn: ModeSet,
    /// Version of the rules by which levels are judged here: the enforced one, or that of the API server.
    pub judged_by: String,
    /// What its Pods meet.
    pub pods: Met,
    /// What its Pod templates meet.
    pub templates: Met,
    /// Workloads that do not meet restricted, weakest first.
    pub violators: Vec<Violator>,
}

impl NamespaceSecurity {
    /// The weakest level that anything in it meets.
    pub fn weakest(&self) -> Option<Level> {
        self.pods.level.into_iter().chain(self.templates.level).min()
    }
}

/// One mode of Pod Security admission as labels set it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ModeSet {
    /// Label of the level, as written.
    pub level: Option<String>,
    /// Label of the version, as written.
    pub version: Option<String>,
    /// What admission makes of it: `restricted, latest`.
    pub means: String,
    /// A label does not hold what admission knows: `enforce = strict`.
    pub invalid: Vec<String>,
}

/// How many there are, and the weakest level that all of them meet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Met {
    /// Pods or templates.
    pub count: usize,
    /// Weakest level met; `None` when there are none.
    pub level: Option<Level>,
}

impl Met {
    fn add(&mut self, count: usize, level: Level) {
        self.count += count;
        self.level = Some(self.level.map_or(level, |known| known.min(level)));
    }
}

/// A workload that does not meet restricted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violator {
    /// Which.
    pub workload: WorkloadName,
    /// Level that it meets.
    pub level: Level,
    /// It runs Pods that the enforced level would refuse today.
    pub beyond_enforced: bool,
    /// Pods of it.
    pub pods: usize,
    /// Fields that baseline or restricted forbid.
    pub fields: Vec<Field>,
}

/// A field that a level forbids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Field {
    /// The weakest level that forbids it.
    pub level: Level,
    /// Control, by its name in Pod Security admission.
    pub check: &'static str,
    /// Path in the object, equal containers as one: `spec.template.spec.containers[0,2].securityContext.privileged`.
    pub path: String,
    /// Its value, or what it lacks: `= true`, `is not set`.
    pub problem: String,
}

/// What one spec meets, and what stops it.
struct Judged {
    level: Level,
    fields: Vec<(Level, Violation)>,
}

fn judge(shape: &Shape<'_>, version: PolicyVersion) -> Judged {
    let subject = shape.subject();
    let baseline = evaluate(&subject, Level::Baseline, version);
    let restricted = evaluate(&subject, Level::Restricted, version);
    let level = match (baseline.is_empty(), restricted.is_empty()) {
        (true, true) => Level::Restricted,
        (true, false) => Level::Baseline,
        (false, _) => Level::Privileged,
    };
    // What restricted adds; controls that it judges instead of baseline's name the same fields again.
    let more: Vec<_> =
        restricted.into_iter().filter(|it| !baseline.iter().any(|known| known.field.starts_with(&it.field))).collect();
    let fields = baseline.into_iter().map(|it| (Level::Baseline, it));
    Judged { level, fields: fields.chain(more.into_iter().map(|it| (Level::Restricted, it))).collect() }
}

/// Judges each distinct spec once a version.
#[derive(Default)]
struct Bench<'a>(HashMap<(ShapeKey<'a>, PolicyVersion), Judged>);

impl<'a> Bench<'a> {
    fn ask(&mut self, shape: &Shape<'a>, version: PolicyVersion) -> &Judged {
        self.0.entry((shape.key(), version)).or_insert_with(|| judge(shape, version))
    }
}

fn mode_set(namespace: &Object, name: &str, mode: Mode) -> ModeSet {
    let label = |key: String| namespace.labels.get(&*key).map(|value| value.to_string());
    let level = label(format!("pod-security.kubernetes.io/{name}"));
    let version = label(format!("pod-security.kubernetes.io/{name}-version"));
    let mut invalid = Vec::new();
    if let Some(level) = level.as_deref().filter(|level| Level::parse(level).is_none()) {
        invalid.push(format!("{name} = {level}"));
    }
    if let Some(version) = version.as_deref().filter(|version| PolicyVersion::read(version).is_none()) {
        invalid.push(format!("{name}-version = {version}"));
    }
    ModeSet { level, version, means: format!("{}, {}", mode.level.as_str(), mode.version), invalid }
}

/// The index in `containers[2]`, with what is before and after it.
fn split_index(path: &str) -> Option<(&str, &str, &str)> {
    let list = path.find("ontainers[")? + "ontainers[".len();
    let end = list + path[list..].find(']')?;
    Some((&path[..list], &path[list..end], &path[end..]))
}

/// Paths that differ only in the container's index as one.
fn fold(fields: Vec<Field>) -> Vec<Field> {
    let mut folded: Vec<(Field, Vec<String>)> = Vec::new();
    for field in fields {
        let index =
            split_index(&field.path).map(|(before, index, after)| (format!("{before}{after}"), index.to_owned()));
        let (key, index) = index.map_or((field.path.clone(), None), |(key, index)| (key, Some(index)));
        let field = Field { path: key, ..field };
        match folded.iter_mut().find(|(known, _)| *known == field) {
            Some((_, indices)) => indices.extend(index.filter(|index| !indices.contains(index))),
            None => folded.push((field, index.into_iter().collect())),
        }
    }
    let folded = folded.into_iter().map(|(mut field, indices)| {
        if let Some(list) = field.path.find("ontainers[]").filter(|_| !indices.is_empty()) {
            field.path.insert_str(list + "ontainers[".len(), &indices.join(","));
        }
        field
    });
    folded.collect()
}

/// A violation as a field of its object.
fn field(shape: &Shape<'_>, level: Level, violation: &Violation) -> Field {
    let path = shape.field(&violation.field);
    Field { level, check: violation.check, path, problem: violation.problem.clone() }
}

pub(super) fn observe(join: &Join<'_>, pods: &Pods) -> Observed<Vec<NamespaceSecurity>> {
    let snapshot = join.snapshot();
    let mut reading = Reading::new(snapshot);
    let server = snapshot.header.cluster.version.as_deref();
    let owners = join.owners("", "Namespace");
    let mut found: BTreeMap<&str, (NamespaceSecurity, PolicyVersion, Level)> = BTreeMap::new();
    for (index, object) in reading.need("", "Namespace").iter().enumerate() {
        let policy = Policy::of(&object.labels);
        let (component, team) = owners.of(index);
        let version = policy.enforce.version.on_server(server);
        let security = NamespaceSecurity {
            namespace: object.name.to_string(),
            component,
            team,
            enforce: mode_set(object, "enforce", policy.enforce),
            audit: mode_set(object, "audit", policy.audit),
            warn: mode_set(object, "warn", policy.warn),
            judged_by: version.to_string(),
            pods: Met::default(),
            templates: Met::default(),
            violators: Vec::new(),
        };
        found.insert(&object.name, (security, version, policy.enforce.level));
    }
    let mut bench = Bench::default();
    for unit in units(&mut reading, join, pods) {
        if let Some((security, version, enforced)) = found.get_mut(&*unit.name.namespace) {
            judge_unit(&unit, &mut bench, *version, *enforced, security);
        }
    }
    reading.remark(
        "Defaults and exemptions in the API server's AdmissionConfiguration are not visible: a silent label may still \
         mean a level, and an exempt user, namespace or runtime class may run what is refused otherwise"
            .to_owned(),
    );
    let mut found: Vec<_> = found.into_values().map(|(security, ..)| security).collect();
    for security in &mut found {
        security.violators.order_by(|a, b| (a.level, &a.workload).cmp(&(b.level, &b.workload)));
    }
    reading.finish(found)
}

fn judge_unit<'a>(
    unit: &Unit<'a>,
    bench: &mut Bench<'a>,
    version: PolicyVersion,
    enforced: Level,
    security: &mut NamespaceSecurity,
) {
    let mut met = Met::default();
    let mut beyond_enforced = false;
    let mut fields: Vec<Field> = Vec::new();
    let mut told: Vec<(Level, String)> = Vec::new();
    for shape in &unit.shapes {
        let judged = bench.ask(shape, version);
        met.add(shape.pods, judged.level);
        if shape.is_template() {
            security.templates.add(1, judged.level);
        } else {
            security.pods.add(shape.pods, judged.level);
            beyond_enforced |= judged.level < enforced;
        }
        let seen = told.len();
        for (level, violation) in &judged.fields {
            // A template says it once for all its Pods; Pods add only what was put into them later.
            if !told[..seen].iter().any(|known| known.0 == *level && known.1 == violation.text) {
                told.push((*level, violation.text.clone()));
                fields.push(field(shape, *level, violation));
            }
        }
    }
    if let Some(level) = met.level.filter(|level| *level < Level::Restricted) {
        security.violators.push(Violator {
            workload: unit.name.clone(),
            level,
            beyond_enforced,
            pods: met.count,
            fields: fold(fields),
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        assess::testing::{labelled, list, object, owned, snapshot, workspace},
        facts::State,
        ownership,
        snapshot::{List, Snapshot},
    };

    fn hardened(change: Value) -> Value {
        let mut container = json!({ "name": "web", "securityContext": {
            "allowPrivilegeEscalation": false, "runAsNonRoot": true,
            "capabilities": { "drop": ["ALL"] }, "seccompProfile": { "type": "RuntimeDefault" },
        } });
        for (key, value) in change.as_object().expect("an object") {
            container["securityContext"][key] = value.clone();
        }
        container
    }

    fn cluster(namespaces: Vec<crate::snapshot::Object>, lists: Vec<List>) -> Snapshot {
        let mut all = vec![list("Namespace", namespaces)];
        for (group, kind, _) in super::super::templates::KINDS {
            let name = if group.is_empty() { (*kind).to_owned() } else { format!("{group}/{kind}") };
            if !lists.iter().any(|list| list.record.kind == *kind) {
                all.push(list(&name, Vec::new()));
            }
        }
        all.extend(lists);
        snapshot(all)
    }

    fn observe_all(snapshot: &Snapshot) -> Observed<Vec<NamespaceSecurity>> {
        let workspace = workspace(Vec::new());
        observe(&ownership::join(&workspace, snapshot), &Pods::of(snapshot))
    }

    #[test]
    fn a_violator_is_named_with_the_field_of_its_template() {
        let containers =
            [hardened(json!({})), hardened(json!({ "capabilities": { "drop": ["ALL"], "add": ["NET_ADMIN"] } }))];
        let spec = json!({ "containers": containers });
        let deployment = object("shop", "web", json!({ "spec": { "template": { "spec": spec } } }));
        let set = owned(
            object("shop", "web-1", json!({ "spec": { "template": { "spec": spec } } })),
            "Deployment",
            &deployment,
        );
        let pod = |name| owned(object("shop", name, json!({ "spec": spec })), "ReplicaSet", &set);
        let pods = vec![pod("web-1-a"), pod("web-1-b")];
        let namespace = labelled(object("", "shop", json!({})), &[("pod-security.kubernetes.io/enforce", "baseline")]);
        let snapshot = cluster(
            vec![namespace],
            vec![
                list("apps/Deployment", vec![deployment.clone()]),
                list("apps/ReplicaSet", vec![set.clone()]),
                list("Pod", pods),
            ],
        );
        let observed = observe_all(&snapshot);
        assert_eq!(observed.state(), State::Complete);
        let shop = &observed.seen()[0];
        assert_eq!((shop.pods.count, shop.pods.level), (2, Some(Level::Privileged)));
        // The ReplicaSet's template is the Deployment's.
        assert_eq!((shop.templates.count, shop.templates.level), (1, Some(Level::Privileged)));
        let [violator] = &shop.violators[..] else { panic!("{:?}", shop.violators) };
        assert_eq!((violator.workload.kind.as_str(), violator.pods, violator.beyond_enforced), ("Deployment", 2, true));
        let [field] = &violator.fields[..] else { panic!("{:?}", violator.fields) };
        assert_eq!(field.path, "spec.template.spec.containers[1].securityContext.capabilities.add");
        assert_eq!((field.check, &*field.problem), ("capabilities_baseline", "= NET_ADMIN"));
    }

    #[test]
    fn an_invalid_label_enforces_restricted_and_is_called_invalid() {
        let label = |name, key, value| labelled(object("", name, json!({})), &[(key, value)]);
        let snapshot = cluster(
            vec![
                label("a", "pod-security.kubernetes.io/enforce", "strict"),
                label("b", "pod-security.kubernetes.io/audit", "strict"),
                label("c", "pod-security.kubernetes.io/enforce-version", "1.30"),
            ],
            vec![list("Pod", vec![object("a", "web", json!({ "spec": { "containers": [{ "name": "web" }] } }))])],
        );
        let observed = observe_all(&snapshot);
        let [a, b, c] = &observed.seen()[..] else { panic!("three namespaces") };
        assert_eq!((&*a.enforce.means, &*a.enforce.invalid[0]), ("restricted, latest", "enforce = strict"));
        // The Pod got in before the label, or is exempt: today it would be refused.
        assert!(a.violators[0].beyond_enforced);
        assert_eq!((&*b.audit.means, &*b.audit.invalid[0]), ("privileged, latest", "audit = strict"));
        assert_eq!((&*c.enforce.means, &*c.enforce.invalid[0]), ("privileged, latest", "enforce-version = 1.30"));
    }

    #[test]
    fn equal_fields_of_several_containers_are_one_line() {
        let spec = json!({ "containers": [{ "name": "a" }, { "name": "b" }], "initContainers": [{ "name": "c" }] });
        let snapshot = cluster(
            vec![object("", "shop", json!({}))],
            vec![list("Pod", vec![object("shop", "web", json!({ "spec": spec }))])],
        );
        let observed = observe_all(&snapshot);
        let fields = &observed.seen()[0].violators[0].fields;
        let seccomp: Vec<_> = fields.iter().filter(|it| it.check == "seccompProfile_restricted").collect();
        let paths: Vec<_> = seccomp.iter().map(|it| &*it.path).collect();
        assert_eq!(
            paths,
            [
                "spec.initContainers[0].securityContext.seccompProfile.type",
                "spec.containers[0,1].securityContext.seccompProfile.type"
            ]
        );
        assert_eq!(seccomp[0].problem, "is not set");
    }
}
