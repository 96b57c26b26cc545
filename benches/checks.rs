//! Fifty checks in CEL over 20,000 Pods: what they add to an assessment, on one core.
//!
//! `cargo bench --bench checks`. The cluster is the generated one of `collect`, with its Pods and namespaces only. Of the
//! checks some ask the spec alone, which Pods of one workload share, some ask metadata or status of every Pod, and some
//! ask both. The quickest of some turns counts, for other programs on the machine only ever slow it down.

mod generated;
#[path = "../tests/testsuite/replay.rs"]
mod replay;

use std::{path::Path, sync::Arc, time::Instant};

use generated::{LARGE, Size, generate};
use replay::Replay;
use scopefence::{
    assess::{self, History},
    checks,
    cluster::{self, Access, projection::Projections},
    snapshot::Snapshot,
    workspace::{self, CheckOverride, Workspace},
};

/// Pods and namespaces of a large cluster, without the ConfigMaps that fill it up.
const SIZE: Size = Size { bindings: 100, objects: 0, ..LARGE };
const TURNS: usize = 5;

/// Questions about the spec alone; `N` is another number in each copy.
const SPEC: [&str; 8] = [
    "object.spec.containers.all(c, !has(c.securityContext) || !has(c.securityContext.privileged) || N > 0)",
    "object.spec.containers.all(c, c.?resources.?limits.?memory.orValue('NGi') != '')",
    "object.spec.containers.all(c, c.image.matches('^[a-z0-9./:@-]+$') && c.image.size() > N)",
    "!object.spec.?hostIPC.orValue(false) && !object.spec.?hostPID.orValue(false) && N >= 0",
    "object.spec.?volumes.orValue([]).all(v, !has(v.hostPath) || v.hostPath.path.startsWith('/var/N'))",
    "object.spec.containers.map(c, c.name).distinct().size() + N >= object.spec.containers.size()",
    "(object.spec.containers + object.spec.?initContainers.orValue([])).all(c, quantity(c.?resources.?requests.?cpu.orValue('1')).sign() >= -N)",
    "object.spec.containers.exists(c, has(c.readinessProbe)) || object.spec.?restartPolicy.orValue('Always') != 'N'",
];

/// Questions about each Pod.
const OWN: [&str; 3] = [
    "object.metadata.?labels['app.kubernetes.io/name'].orValue('N') != ''",
    "object.status.phase in ['Running', 'Pending', 'Succeeded', 'Failed', 'Unknown', 'N']",
    "object.metadata.name.size() <= 253 + N && object.metadata.namespace != ''",
];

/// Questions about both.
const BOTH: [&str; 1] = ["object.metadata.name != 'N' || object.spec.containers.size() > 0"];

fn main() {
    let snapshot = collected();
    let pods = snapshot.list("", "Pod").map_or(0, |list| list.record.count);
    let without = quickest(&asking(0), &snapshot);
    let (fifty, findings) = (asking(50), 50);
    let with = quickest(&fifty, &snapshot);
    let assessment = assess::assess(&fifty, std::slice::from_ref(&snapshot), &History::default(), None);
    let decided = assessment.results.iter().filter(|result| result.subjects == pods).count();
    assert_eq!((decided, assessment.results.len()), (findings, findings), "every check asked every Pod");
    println!("{pods} Pods, {} checks, {} findings", assessment.results.len(), assessment.findings.len());
    println!("assessment without a check {without:>6.2} s");
    println!("with fifty in CEL          {with:>6.2} s");
    println!("the checks                 {:>6.2} s    (at most 1.5)", with - without);
}

fn collected() -> Snapshot {
    let mut cluster = generate(SIZE, 20_261_121);
    let kept = ["/api/v1/pods", "/api/v1/namespaces", "/apis/apps/v1/replicasets", "/apis/apps/v1/deployments"];
    cluster.pages.retain(|path, _| {
        path.matches('/').count() < 3 || kept.contains(&path.as_str()) || path.contains("selfsubject")
    });
    let server = Replay::of_pages(cluster.pages);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let access = Access { kubeconfig: Some(server.kubeconfig()), ..Access::default() };
        let connection = cluster::connect(&access).await.expect("a connection");
        let projections = Projections::builtin().expect("embedded");
        cluster::collect(&connection, None, projections, &|_| ()).await.expect("a snapshot")
    })
}

/// The starter with these many checks and no others.
fn asking(count: usize) -> Workspace {
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("scopes/managed-cluster");
    let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date");
    let mut workspace = workspace::load(&starter, today).expect("a workspace").workspace.expect("a sound workspace");
    workspace.check_overrides = checks::built_in()
        .iter()
        .map(|check| CheckOverride {
            check: check.id.clone(),
            disabled: true,
            severity: None,
            params: Vec::new(),
            reason: String::new(),
        })
        .collect();
    // Of ten, eight ask the spec alone: as a workspace would.
    let question = |number: usize| match number % 10 {
        8 => OWN[number / 10 % OWN.len()],
        9 => BOTH[0],
        other => SPEC[other],
    };
    let text: String = (0..count)
        .map(|number| {
            format!(
                "[[check]]\nid = \"bench-{number}\"\ntitle = \"t\"\nseverity = \"low\"\nduty = \"configuration\"\nneeds = [\"Pod\"]\n\
                 rationale = \"r\"\nremediation = \"r\"\nrule = [{{ expression = \"{}\", message = \"m\" }}]\n",
                question(number).replace('N', &number.to_string())
            )
        })
        .collect();
    let own = checks::parse(&text).unwrap_or_else(|problems| panic!("{}", problems[0]));
    workspace.checks = own.into_iter().map(Arc::new).collect();
    workspace.implementations.clear();
    workspace
}

fn quickest(workspace: &Workspace, snapshot: &Snapshot) -> f64 {
    let turn = || {
        let begun = Instant::now();
        std::hint::black_box(assess::assess(workspace, std::slice::from_ref(snapshot), &History::default(), None));
        begun.elapsed().as_secs_f64()
    };
    (0..TURNS).map(|_| turn()).fold(f64::INFINITY, f64::min)
}
