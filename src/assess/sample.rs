//! The starter on the sample snapshot: facts and outcomes of a whole small platform.

use std::path::Path;

use super::*;
use crate::{facts::State, snapshot, workspace};

fn assessment() -> Assessment {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scopes");
    let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 21).expect("a day");
    let loaded = workspace::load(&root.join("compliant-kubernetes"), today).expect("the starter");
    let workspace = loaded.workspace.expect("the starter is valid");
    let snapshot = snapshot::read(&root.join("samples/platform.snapshot.jsonl.zst")).expect("the sample");
    assess(&workspace, &[snapshot], &History::default(), None)
}

#[test]
fn the_sample_gives_the_facts_that_are_known_of_it() {
    let assessment = assessment();
    if let Some(path) = std::env::var_os("SCOPEFENCE_DUMP_FACTS") {
        let text = serde_json::to_string_pretty(&assessment.clusters[0].facts).expect("JSON");
        std::fs::write(path, text).expect("written");
    }
    let facts = &assessment.clusters[0].facts;
    let (nodes, state) = facts.nodes.get();
    assert_eq!((nodes.len(), state), (10, State::Complete), "{:?}", facts.nodes.reasons());
    assert_eq!(nodes[0].roles, ["control-plane"]);
    assert!(nodes[0].ready == Some(true) && !nodes[0].taints.is_empty());
    assert_eq!(facts.versions.seen().api_server.as_deref(), Some("v1.36.2"));

    let payments = facts.namespaces.seen().iter().find(|namespace| namespace.name == "team-payments").expect("seen");
    assert_eq!(payments.pod_security.enforce.as_deref(), Some("restricted"));
    assert_eq!(payments.level_met.as_deref(), Some("restricted"));
    assert!(payments.component.is_some() && payments.pods.is_some_and(|pods| pods > 0));

    // A replica set's Pods are counted with its Deployment, a Job's with its CronJob.
    let workloads = facts.workloads.seen();
    assert!(workloads.iter().all(|workload| workload.kind != "ReplicaSet"));
    let api = workloads.iter().find(|workload| workload.name == "payments-api").expect("seen");
    assert!(api.kind == "Deployment" && api.pods as u64 == api.replicas.unwrap_or(0) && api.component.is_some());

    assert!(facts.images.seen().registries.iter().any(|registry| registry.host == "docker.io"));
    let access = facts.access.seen();
    assert!(access.cluster_admins.iter().any(|binding| binding.default && binding.subject.name == "system:masters"));
    assert!(access.cluster_admins.iter().any(|binding| !binding.default));
    assert!(access.grants.iter().all(|grant| !grant.bound.is_empty() && grant.rules < access.rule_sets.len()));
    assert!(access.authorizers.rbac_alone(), "the flags of the API server were read");
    let helpdesk = facts.escalations.seen().paths.iter().find(|path| path.subject.name == "oidc:helpdesk");
    assert_eq!(helpdesk.and_then(|path| path.steps.last()).map(String::as_str), Some("cluster-admin"));
    assert!(!access.limits.is_empty());

    assert_eq!(facts.certificates.seen().len(), 7);
    assert!(facts.certificates.seen().is_sorted_by_key(|certificate| certificate.not_after));
    assert_eq!(facts.storage_classes.seen().len(), 3);
    assert!(facts.storage_classes.seen().iter().any(|class| class.encrypted == Some(true)));
    assert!(facts.exposure.seen().ways.iter().any(|way| !way.without_tls.is_empty()));
    assert!(facts.admission.seen().engines.contains(&"Kyverno".to_owned()));
    assert!(facts.policy_reports.seen().iter().any(|sum| sum.fail > 0));
    assert!(facts.vulnerabilities.seen().sums.iter().any(|sum| sum.counts.high > 0));
    assert!(facts.backups.seen().schedules.iter().any(|schedule| schedule.last_completed.is_some()));
}

#[test]
fn the_starter_claims_the_sample_but_for_what_is_planted() {
    let ownership = &assessment().clusters[0].ownership;
    assert!(ownership.contested.is_empty(), "{:?}", ownership.contested);
    assert!(ownership.missing.iter().all(|missing| !missing.proven), "{:?}", ownership.missing);
    let homes: std::collections::BTreeSet<&str> =
        ownership.unclaimed.iter().map(|unclaimed| &*unclaimed.key.namespace).filter(|home| !home.is_empty()).collect();
    assert_eq!(homes.into_iter().collect::<Vec<_>>(), ["sandbox", "team-legacy", "team-ml"]);
    assert!(ownership.not_seen.iter().any(|(path, _)| path == "/api/v1/secrets"));
}
