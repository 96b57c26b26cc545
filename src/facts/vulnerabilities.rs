//! Vulnerability reports of Trivy Operator and Kubescape: sums by component, reports one by one, and workloads that have
//! none.
//!
//! In: the reports and the Pods that run. Out: [`Vulnerabilities`]. A report belongs to the workload that its labels or
//! owner references name; both write one a container. Trivy's reports on the cluster itself are of no workload.
//!
//! Invariant: the absence of a report is said, with the name of the workload; it is never a count of zero.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::observed::{Observed, Reading, State};
use crate::{
    ownership::{Join, Spot},
    snapshot::{Object, Snapshot},
    sort::Sort,
    workspace::{ComponentId, Duty, TeamId},
};

/// API group of Trivy Operator.
pub(crate) const GROUP: &str = "aquasecurity.github.io";

/// API group and kind of Kubescape's reports.
pub(crate) const KUBESCAPE: (&str, &str) = ("spdx.softwarecomposition.kubescape.io", "VulnerabilityManifestSummary");

/// Vulnerabilities as far as reports name them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Vulnerabilities {
    /// Sums by component; those of objects that nobody claims first.
    pub sums: Vec<VulnerabilitySum>,
    /// Reports, worst first.
    pub reports: Vec<VulnerabilityReport>,
    /// Workloads with running Pods and no report, by component, namespace and name.
    pub unscanned: Vec<Unscanned>,
    /// Scanners with version, as reports name them.
    pub scanners: Vec<String>,
}

/// How many of each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Counts {
    /// Critical.
    pub critical: u64,
    /// High.
    pub high: u64,
    /// Medium.
    pub medium: u64,
    /// Low.
    pub low: u64,
    /// Without a severity.
    pub unknown: u64,
}

impl Counts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.critical + self.high + self.medium + self.low + self.unknown
    }

    fn add(&mut self, other: Self) {
        self.critical = self.critical.saturating_add(other.critical);
        self.high = self.high.saturating_add(other.high);
        self.medium = self.medium.saturating_add(other.medium);
        self.low = self.low.saturating_add(other.low);
        self.unknown = self.unknown.saturating_add(other.unknown);
    }
}

/// Vulnerability reports of one component, summed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VulnerabilitySum {
    /// Component that the scanned workloads belong to.
    pub component: Option<ComponentId>,
    /// Team that answers for the component's images.
    pub team: Option<TeamId>,
    /// Reports summed.
    pub reports: usize,
    /// How many of each severity.
    pub counts: Counts,
    /// Those for which a fixed version is named; `None` when the snapshot holds the sums only.
    pub fixable: Option<Counts>,
    /// Oldest report, UTC.
    pub oldest: Option<DateTime<Utc>>,
    /// Workloads of the component without a report.
    pub unscanned: usize,
}

/// One report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VulnerabilityReport {
    /// Component of the scanned workload.
    pub component: Option<ComponentId>,
    /// Team that answers for the component's images.
    pub team: Option<TeamId>,
    /// Namespace.
    pub namespace: String,
    /// Workload as `Kind name`, or the report's own name when it names none.
    pub workload: String,
    /// Container.
    pub container: String,
    /// Image as scanned, `repository:tag`.
    pub image: String,
    /// How many of each severity.
    pub counts: Counts,
    /// Those for which a fixed version is named; `None` when the snapshot holds the sums only.
    pub fixable: Option<Counts>,
    /// When it was written, UTC.
    pub updated: Option<DateTime<Utc>>,
    /// Older than the workspace's `report-days`.
    pub stale: bool,
}

/// A workload with running Pods and no report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unscanned {
    /// Component.
    pub component: Option<ComponentId>,
    /// Team that answers for the component's images.
    pub team: Option<TeamId>,
    /// Namespace.
    pub namespace: String,
    /// Kind of the workload.
    pub kind: String,
    /// Name of the workload.
    pub name: String,
}

/// Body of a VulnerabilityReport, as far as anything here asks.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Body {
    pub(crate) report: Report,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Report {
    summary: Summary,
    pub(crate) update_timestamp: Option<DateTime<Utc>>,
    artifact: Artifact,
    scanner: Scanner,
    /// `None`: the snapshot was taken with the sums only.
    pub(crate) vulnerabilities: Option<Vec<Vulnerability>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Summary {
    critical_count: u64,
    high_count: u64,
    medium_count: u64,
    low_count: u64,
    unknown_count: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Artifact {
    repository: String,
    tag: String,
    digest: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scanner {
    name: String,
    version: String,
}

/// One vulnerability of a report.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Vulnerability {
    #[serde(rename = "vulnerabilityID")]
    pub(crate) id: String,
    pub(crate) severity: String,
    fixed_version: String,
    pub(crate) published_date: Option<String>,
}

impl Vulnerability {
    pub(crate) fn fixable(&self) -> bool {
        !self.fixed_version.is_empty()
    }

    /// When it was published; reports write no date where the source has none.
    pub(crate) fn published(&self) -> Option<DateTime<Utc>> {
        self.published_date.as_deref()?.parse().ok()
    }
}

impl Report {
    pub(crate) fn counts(&self) -> Counts {
        let sum = &self.summary;
        Counts {
            critical: sum.critical_count,
            high: sum.high_count,
            medium: sum.medium_count,
            low: sum.low_count,
            unknown: sum.unknown_count,
        }
    }

    fn fixable(&self) -> Option<Counts> {
        let mut counts = Counts::default();
        for vulnerability in self.vulnerabilities.as_ref()?.iter().filter(|vulnerability| vulnerability.fixable()) {
            match &*vulnerability.severity {
                "CRITICAL" => counts.critical += 1,
                "HIGH" => counts.high += 1,
                "MEDIUM" => counts.medium += 1,
                "LOW" => counts.low += 1,
                _ => counts.unknown += 1,
            }
        }
        Some(counts)
    }

    fn image(&self) -> String {
        let Artifact { repository, tag, digest } = &self.artifact;
        match (tag.is_empty(), digest.is_empty()) {
            (false, _) => format!("{repository}:{tag}"),
            (true, false) => format!("{repository}@{digest}"),
            (true, true) => repository.clone(),
        }
    }
}

/// Kind, namespace and name.
type Key<'a> = (&'a str, &'a str, &'a str);

/// What a report was written about, by the labels that Trivy Operator sets, and by its owner references.
fn scanned(report: &Object) -> impl Iterator<Item = Key<'_>> {
    let label = |key: &str| report.labels.get(key).map(|value| &**value);
    let of = |[kind, namespace, name]: [&str; 3]| {
        let namespace = label(namespace).unwrap_or(&report.namespace);
        label(kind).zip(label(name)).map(|(kind, name)| (kind, namespace, name))
    };
    let trivy =
        of(["trivy-operator.resource.kind", "trivy-operator.resource.namespace", "trivy-operator.resource.name"]);
    let kubescape = of(["kubescape.io/workload-kind", "kubescape.io/workload-namespace", "kubescape.io/workload-name"]);
    trivy
        .or(kubescape)
        .into_iter()
        .chain(report.owners.iter().map(|owner| (&*owner.kind, &*report.namespace, &*owner.name)))
}

/// Which workloads have reports.
pub(crate) struct Coverage<'a> {
    scanned: HashSet<Key<'a>>,
}

impl<'a> Coverage<'a> {
    /// By all reports of a snapshot.
    pub(crate) fn of(snapshot: &'a Snapshot) -> Self {
        let lists = [(GROUP, "VulnerabilityReport"), KUBESCAPE].map(|(group, kind)| snapshot.list(group, kind));
        Self { scanned: lists.into_iter().flatten().flat_map(|list| list.seen()).flat_map(scanned).collect() }
    }

    /// Whether a report speaks of the Pod, of what owns it, or of what owns that.
    pub(crate) fn covers(&self, join: &Join<'_>, spot: Spot, pod: &Object) -> bool {
        let has = |kind: &str, name: &str| self.scanned.contains(&(kind, &*pod.namespace, name));
        let root = join.key(join.root(spot));
        // A Deployment's reports name its ReplicaSet, whose Pods name that.
        has("Pod", &pod.name)
            || has(&root.kind, &root.name)
            || pod.owners.iter().any(|owner| has(&owner.kind, &owner.name))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodBody {
    status: PodStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodStatus {
    phase: Option<String>,
}

/// Whether a Pod runs images that a scanner should have seen: it has not ended. `Err` when its body cannot be read.
pub(crate) fn runs(pod: &Object) -> Result<bool, String> {
    let body = pod.body::<PodBody>().map_err(|error| error.to_string())?;
    Ok(!matches!(body.status.phase.as_deref(), Some("Succeeded" | "Failed")))
}

/// Whether a report is older than the workspace allows.
pub(crate) fn stale(updated: Option<DateTime<Utc>>, days: u32, as_of: DateTime<Utc>) -> bool {
    updated.is_none_or(|updated| as_of - updated > TimeDelta::days(days.into()))
}

/// Objects that run Pods, by kind, namespace and name.
fn workloads<'a>(join: &Join<'a>) -> BTreeMap<Key<'a>, Spot> {
    const KINDS: [&str; 7] = ["CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet"];
    let lists = join.snapshot().lists.iter().enumerate();
    let lists = lists.filter(|(_, list)| KINDS.contains(&&*list.record.kind));
    let objects = lists.flat_map(|(list, objects)| {
        let kind = &*objects.record.kind;
        let spots = objects.seen().iter().enumerate();
        spots.map(move |(object, value)| ((kind, &*value.namespace, &*value.name), Spot { list, object }))
    });
    objects.collect()
}

pub(super) fn observe(join: &Join<'_>, as_of: DateTime<Utc>) -> Observed<Vulnerabilities> {
    let mut reading = Reading::new(join.snapshot());
    let days = join.workspace().policy.report_days;
    let by_name = workloads(join);
    let whose = |spot: Option<Spot>| {
        let component = spot.and_then(|spot| join.component(spot));
        (component.map(|it| it.id.clone()), component.and_then(|it| it.duties.get(&Duty::Image).cloned()))
    };
    let mut value = Vulnerabilities::default();
    let mut scanners = BTreeSet::new();
    let named = |object: &Object, workload: Option<Spot>| match (workload, scanned(object).next()) {
        (Some(spot), _) => {
            let key = join.key(join.root(spot));
            format!("{} {}", key.kind, key.name)
        }
        (None, Some((kind, _, name))) => format!("{kind} {name}"),
        (None, None) => object.name.to_string(),
    };
    if !any_scanner(join) {
        reading.worsen(State::Absent, "no API of a scanner (Trivy Operator, Kubescape) is installed".to_owned());
    }
    for (group, kind) in [(GROUP, "VulnerabilityReport"), (GROUP, "ClusterVulnerabilityReport")] {
        let owners = join.owners(group, kind);
        let objects = reading.wish(group, kind);
        // Names alone, as an earlier version read them, are no sums of zero.
        if join.snapshot().list(group, kind).is_some_and(|list| list.record.metadata_only && !objects.is_empty()) {
            reading.worsen(State::Partial, format!("of {kind} only names were read"));
            continue;
        }
        for (index, object) in objects.iter().enumerate() {
            let Some(body) = reading.body::<Body>(object) else { continue };
            let report = body.report;
            let workload = scanned(object).find_map(|key| by_name.get(&key).copied());
            let (component, team) = whose(workload.or(owners.spot(index)));
            let container = object.labels.get("trivy-operator.container.name");
            if !report.scanner.name.is_empty() {
                scanners.insert(format!("{} {}", report.scanner.name, report.scanner.version).trim().to_owned());
            }
            value.reports.push(VulnerabilityReport {
                component,
                team,
                namespace: object.namespace.to_string(),
                workload: named(object, workload),
                container: container.map(|name| name.to_string()).unwrap_or_default(),
                image: report.image(),
                counts: report.counts(),
                fixable: report.fixable(),
                updated: report.update_timestamp,
                stale: stale(report.update_timestamp, days, as_of),
            });
        }
    }
    let owners = join.owners(KUBESCAPE.0, KUBESCAPE.1);
    let mut without = 0;
    let summaries = reading.wish(KUBESCAPE.0, KUBESCAPE.1);
    for (index, object) in summaries.iter().enumerate() {
        let Some(body) = reading.body::<SummaryBody>(object) else { continue };
        // A list that sends names only has zeros in it, which are no findings of nothing.
        let Some(counts) = body.spec.counts() else {
            without += 1;
            continue;
        };
        let workload = scanned(object).find_map(|key| by_name.get(&key).copied());
        let (component, team) = whose(workload.or(owners.spot(index)));
        let text = |value: Option<&std::sync::Arc<str>>| value.map(|value| value.to_string()).unwrap_or_default();
        value.reports.push(VulnerabilityReport {
            component,
            team,
            namespace: object.namespace.to_string(),
            workload: named(object, workload),
            container: text(object.labels.get("kubescape.io/workload-container-name")),
            image: text(object.annotations.get("kubescape.io/image-tag")),
            counts,
            fixable: None,
            updated: None,
            stale: false,
        });
    }
    if !summaries.is_empty() {
        scanners.insert("Kubescape".to_owned());
        reading.remark("Summaries of Kubescape do not say when they were written".to_owned());
    }
    if without > 0 {
        let why = format!("Kubescape sent {without} summaries without their counts");
        reading.worsen(State::Partial, why);
    }
    value.unscanned = unscanned(&mut reading, join, &Coverage::of(join.snapshot()));
    value.sums = sums(&value);
    value.reports.order_by(|a, b| {
        (std::cmp::Reverse(a.counts), &a.namespace, &a.workload, &a.container).cmp(&(
            std::cmp::Reverse(b.counts),
            &b.namespace,
            &b.workload,
            &b.container,
        ))
    });
    value.scanners = scanners.into_iter().collect();
    reading.remark(
        "A workload without a report was not scanned; that is not the same as having no vulnerabilities".to_owned(),
    );
    reading.finish(value)
}

/// The API of some scanner is installed.
fn any_scanner(join: &Join<'_>) -> bool {
    [(GROUP, "VulnerabilityReport"), KUBESCAPE].into_iter().any(|(group, kind)| join.snapshot().offers(group, kind))
}

/// Body of Kubescape's summary of one container.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SummaryBody {
    spec: SummarySpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SummarySpec {
    severities: BTreeMap<String, SeverityCount>,
    vulnerabilities_ref: SummaryRef,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SeverityCount {
    all: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SummaryRef {
    all: SummaryManifest,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SummaryManifest {
    name: String,
}

impl SummarySpec {
    /// `None` where the spec was not sent: it names no manifest then.
    fn counts(&self) -> Option<Counts> {
        let of = |severity: &str| self.severities.get(severity).map_or(0, |count| count.all);
        (!self.vulnerabilities_ref.all.name.is_empty()).then(|| Counts {
            critical: of("critical"),
            high: of("high"),
            medium: of("medium"),
            low: of("low").saturating_add(of("negligible")),
            unknown: of("unknown"),
        })
    }
}

fn unscanned(reading: &mut Reading<'_>, join: &Join<'_>, coverage: &Coverage<'_>) -> Vec<Unscanned> {
    let owners = join.owners("", "Pod");
    let mut found = BTreeSet::new();
    for (index, object) in reading.need("", "Pod").iter().enumerate() {
        let Some(spot) = owners.spot(index) else { continue };
        match runs(object) {
            Err(why) => {
                reading.odd(object, why);
                continue;
            }
            Ok(false) => continue,
            Ok(true) if coverage.covers(join, spot, object) => continue,
            Ok(true) => {}
        }
        let root = join.key(join.root(spot));
        let component = join.component(spot);
        found.insert(Unscanned {
            component: component.map(|component| component.id.clone()),
            team: component.and_then(|component| component.duties.get(&Duty::Image).cloned()),
            namespace: root.namespace.to_string(),
            kind: root.kind.to_string(),
            name: root.name.to_string(),
        });
    }
    found.into_iter().collect()
}

fn sums(value: &Vulnerabilities) -> Vec<VulnerabilitySum> {
    let mut sums: BTreeMap<Option<ComponentId>, VulnerabilitySum> = BTreeMap::new();
    let empty = |component: &Option<ComponentId>, team: &Option<TeamId>| VulnerabilitySum {
        component: component.clone(),
        team: team.clone(),
        reports: 0,
        counts: Counts::default(),
        fixable: Some(Counts::default()),
        oldest: None,
        unscanned: 0,
    };
    for report in &value.reports {
        let sum = sums.entry(report.component.clone()).or_insert_with(|| empty(&report.component, &report.team));
        sum.reports += 1;
        sum.counts.add(report.counts);
        sum.fixable = sum.fixable.zip(report.fixable).map(|(mut all, more)| {
            all.add(more);
            all
        });
        sum.oldest = [sum.oldest, report.updated].into_iter().flatten().min();
    }
    for workload in &value.unscanned {
        let sum = sums.entry(workload.component.clone()).or_insert_with(|| empty(&workload.component, &workload.team));
        sum.unscanned += 1;
    }
    sums.into_values().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::testing::{ended, labelled, list, moment, object, owned, snapshot, workspace},
        ownership,
        snapshot::Completeness,
    };

    /// As Trivy Operator 0.29 writes it, shortened.
    fn report(kind: &str, name: &str, updated: &str) -> Object {
        let body = json!({ "report": {
            "artifact": { "repository": "library/tomcat", "tag": "8.5", "digest": "sha256:46" },
            "registry": { "server": "index.docker.io" },
            "scanner": { "name": "Trivy", "vendor": "Aqua Security", "version": "0.67.2" },
            "summary": { "criticalCount": 2, "highCount": 1, "mediumCount": 0, "lowCount": 0, "noneCount": 0, "unknownCount": 0 },
            "updateTimestamp": updated,
            "vulnerabilities": [
                { "vulnerabilityID": "CVE-2021-44228", "severity": "CRITICAL", "fixedVersion": "2.15.0", "publishedDate": "2021-12-10T10:15:09Z" },
                { "vulnerabilityID": "CVE-2025-20445", "severity": "CRITICAL", "fixedVersion": "" },
                { "vulnerabilityID": "CVE-2025-20446", "severity": "HIGH", "fixedVersion": "3.2.3" },
            ],
        } });
        labelled(
            object("shop", &format!("{kind}-{name}-app"), body),
            &[
                ("trivy-operator.container.name", "app"),
                ("trivy-operator.resource.kind", kind),
                ("trivy-operator.resource.name", name),
                ("trivy-operator.resource.namespace", "shop"),
            ],
        )
    }

    fn pod(name: &str, phase: &str) -> Object {
        let spec = json!({ "containers": [{ "name": "app", "image": "tomcat:8.5" }] });
        object("shop", name, json!({ "spec": spec, "status": { "phase": phase } }))
    }

    #[test]
    fn reports_are_counted_with_their_workload_and_what_has_none_is_named() {
        let set = object("shop", "erp-5d9", json!({}));
        let snapshot = snapshot(vec![
            list(
                "Pod",
                vec![
                    owned(pod("erp-5d9-x", "Running"), "ReplicaSet", &set),
                    pod("alone", "Running"),
                    pod("done", "Succeeded"),
                ],
            ),
            list("apps/ReplicaSet", vec![set]),
            list(
                "aquasecurity.github.io/VulnerabilityReport",
                vec![report("ReplicaSet", "erp-5d9", "2026-11-02T09:46:42Z")],
            ),
            ended("aquasecurity.github.io/ClusterVulnerabilityReport", Completeness::Absent, Vec::new()),
            ended(&format!("{}/{}", KUBESCAPE.0, KUBESCAPE.1), Completeness::Absent, Vec::new()),
        ]);
        let workspace = workspace(Vec::new());
        let join = ownership::join(&workspace, &snapshot);
        let observed = observe(&join, moment());
        let value = observed.complete().expect("complete");
        assert_eq!(value.scanners, ["Trivy 0.67.2"]);
        assert_eq!(value.unscanned.iter().map(|it| &*it.name).collect::<Vec<_>>(), ["alone"]);
        let report = &value.reports[0];
        assert_eq!((&*report.workload, &*report.image), ("ReplicaSet erp-5d9", "library/tomcat:8.5"));
        // 19 days at a limit of 7.
        assert!(report.stale);
        let sum = &value.sums[0];
        assert_eq!((sum.counts.critical, sum.counts.total(), sum.unscanned), (2, 3, 1));
        assert_eq!(sum.fixable.map(|fixable| (fixable.critical, fixable.high)), Some((1, 1)));
    }

    #[test]
    fn without_the_scanner_nothing_is_said_to_be_free_of_vulnerabilities() {
        let snapshot = snapshot(vec![list("Pod", vec![pod("alone", "Running")])]);
        let workspace = workspace(Vec::new());
        let join = ownership::join(&workspace, &snapshot);
        let observed = observe(&join, moment());
        assert!(observed.complete().is_none());
        assert_eq!(observed.seen().sums[0].unscanned, 1);
    }

    #[test]
    fn kubescape_counts_only_where_it_sent_counts() {
        let summary = |name: &str, manifest: &str| {
            let severities = json!({ "critical": { "all": 2, "relevant": 1 }, "negligible": { "all": 5 } });
            let spec = json!({ "severities": severities, "vulnerabilitiesRef": { "all": { "name": manifest } } });
            let labels = [
                ("kubescape.io/workload-kind", "Pod"),
                ("kubescape.io/workload-namespace", "shop"),
                ("kubescape.io/workload-name", name),
            ];
            labelled(object("shop", &format!("pod-{name}"), json!({ "spec": spec })), &labels)
        };
        let summaries = vec![summary("web", "sha256-46"), summary("api", "")];
        let snapshot = snapshot(vec![
            list("Pod", vec![pod("web", "Running"), pod("api", "Running"), pod("db", "Running")]),
            list("spdx.softwarecomposition.kubescape.io/VulnerabilityManifestSummary", summaries),
            list(
                "aquasecurity.github.io/ClusterVulnerabilityReport",
                vec![report("Node", "a", "2026-11-20T09:46:42Z")],
            ),
        ]);
        let workspace = workspace(Vec::new());
        let observed = observe(&ownership::join(&workspace, &snapshot), moment());
        let value = observed.seen();
        assert_eq!(value.scanners, ["Kubescape", "Trivy 0.67.2"]);
        let web = value.reports.iter().find(|it| it.workload == "Pod web").expect("counted");
        assert_eq!((web.counts.critical, web.counts.low, web.fixable), (2, 5, None));
        assert!(value.reports.iter().any(|it| it.workload == "Node a"), "{:?}", value.reports);
        assert!(!value.reports.iter().any(|it| it.workload == "Pod api"));
        assert_eq!(value.unscanned.iter().map(|it| &*it.name).collect::<Vec<_>>(), ["db"]);
        assert!(observed.state() == State::Partial, "{:?}", observed.reasons());
    }
}
