//! The starters: complete, free of diagnostics, and with what their readers are promised.

use std::collections::BTreeSet;

use scopefence::{
    frameworks::Frameworks,
    workspace::{
        ControlPlane, Fence, Implementation, OrganizationKind, RaciParty, ReaderRole, Workspace,
        fedramp::{INDICATORS, RULES},
        load,
    },
};

use super::support::{checkout, scopefence};

const TODAY: &str = "2026-11-21";

fn starter(name: &str) -> Workspace {
    let loaded = load(&checkout("scopes").join(name), TODAY.parse().unwrap()).unwrap();
    assert!(loaded.diagnostics.is_empty(), "{name}: {:#?}", loaded.diagnostics);
    loaded.workspace.unwrap()
}

/// The controls chosen of some frameworks, and those that have a statement.
fn controls(workspace: &Workspace, frameworks: &[&str]) -> (BTreeSet<String>, BTreeSet<String>) {
    let choice = workspace.baseline.as_ref().unwrap();
    let wanted = frameworks.iter().flat_map(|one| Frameworks::builtin().selected_in(choice, one));
    (
        wanted.map(|control| control.to_string()).collect(),
        workspace.implementations.iter().map(|implementation| implementation.control.to_string()).collect(),
    )
}

#[test]
fn starters_pass_a_strict_check() {
    for name in ["compliant-kubernetes", "managed-cluster"] {
        let output = scopefence()
            .args(["check", "--strict", "--as-of", TODAY])
            .arg(checkout("scopes").join(name))
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_compliant_starter_draws_the_fence_as_agreed() {
    let workspace = starter("compliant-kubernetes");
    let team = |component: &str| {
        let component = workspace.components.iter().find(|known| known.id.as_str() == component).unwrap();
        (component.fence, component.team.as_str())
    };
    for inside in [
        "control-plane",
        "nodes",
        "ingress",
        "certificates",
        "policy-engine",
        "network-policy",
        "monitoring",
        "alerting",
        "log-collection",
        "audit-log",
        "backup",
        "vulnerability-scanner",
        "intrusion-detection",
        "continuous-delivery",
        "database-service",
        "message-queue",
        "cache",
    ] {
        assert_eq!(team(inside), (Fence::Inside, "platform"), "{inside}");
    }
    for (outside, owner) in [
        ("payments-app", "payments"),
        ("payments-pipelines", "payments"),
        ("storefront-pipelines", "storefront"),
        ("analytics-pipelines", "analytics"),
        ("ci-tool", "it"),
        ("identity-provider", "it"),
        ("virtual-machines", "infrastructure"),
        ("load-balancers", "infrastructure"),
        ("object-storage", "infrastructure"),
        ("networks", "infrastructure"),
    ] {
        assert_eq!(team(outside), (Fence::Outside, owner), "{outside}");
    }
    let applications = workspace.teams.iter().filter(|team| team.reader == ReaderRole::Application);
    assert_eq!(applications.count(), 3);
    let storefront = workspace.components.iter().find(|component| component.id.as_str() == "storefront-app").unwrap();
    assert_eq!(storefront.claims[0].namespace_labels["platform.example/owner"], "storefront");
    let supplier = workspace
        .organization(&workspace.teams.iter().find(|team| team.id.as_str() == "infrastructure").unwrap().organization);
    assert_eq!(supplier.kind, OrganizationKind::Supplier);
    assert!(workspace.control.approved.is_none(), "the starter is a draft");
}

#[test]
fn the_compliant_starter_has_every_promised_activity() {
    let workspace = starter("compliant-kubernetes");
    assert!(workspace.activities.len() >= 45, "{}", workspace.activities.len());
    for id in [
        "base-images-allowed",
        "base-images-used",
        "minimal-images",
        "multi-stage-builds",
        "scan-before-push",
        "scan-on-push",
        "scan-at-run-time",
        "run-as-non-root",
        "drop-capabilities",
        "read-only-root",
        "privilege-enforcement",
        "default-deny",
        "allowed-connections",
        "application-authentication",
        "service-mesh",
        "traffic-monitoring",
        "node-ssh-access",
        "secrets-encryption",
        "certificate-management",
        "audit-log-review",
        "audit-log-alerting",
        "backup",
        "restore-test",
        "cluster-upgrade",
        "escalation-at-night",
        "provider-audit",
        "application-audit",
        "laptop-disk-encryption",
        "security-training",
        "tone-from-the-top",
        "ci-tool",
        "cd-tool",
        "ci-code",
        "cd-code",
        "virtual-machines",
    ] {
        assert!(workspace.activities.iter().any(|activity| activity.id.as_str() == id), "{id}");
    }
    let owner = workspace.activities.iter().filter(|activity| activity.a == RaciParty::Owner).count();
    assert!(owner >= 15, "{owner}");
    assert!(workspace.activities.iter().all(|activity| !activity.controls.is_empty()));
    for (what, count, least) in [
        ("interfaces", workspace.interfaces.len(), 10),
        ("connections", workspace.connections.len(), 10),
        ("node access", workspace.node_access.len(), 3),
        ("cryptography", workspace.cryptography.len(), 8),
        ("assessments", workspace.assessments.len(), 10),
        ("roles", workspace.roles.len(), 6),
        ("people", workspace.people.len(), 12),
        ("components", workspace.components.len(), 40),
        ("exceptions", workspace.exceptions.len(), 3),
    ] {
        assert!(count >= least, "{what}: {count}");
    }
}

#[test]
fn starters_answer_for_their_whole_baseline() {
    for (name, frameworks) in [
        ("compliant-kubernetes", &["nist-800-53r5"][..]),
        ("managed-cluster", &["iso-27001-2022", "nist-800-53r5"][..]),
    ] {
        let workspace = starter(name);
        let (wanted, stated) = controls(&workspace, frameworks);
        let open: Vec<_> = wanted.difference(&stated).collect();
        assert!(open.is_empty(), "{name}: {open:?}");
        let choice = workspace.baseline.as_ref().unwrap();
        // A FedRAMP package asks for statements about its rules and indicators, whatever the baseline is.
        let package = |item: &Implementation| {
            workspace.fedramp.is_some() && [RULES, INDICATORS].contains(&item.control.framework())
        };
        let chosen = |item: &&Implementation| Frameworks::builtin().selects(choice, &item.control) || package(item);
        let beyond: Vec<_> = workspace.implementations.iter().filter(|item| !chosen(item)).collect();
        assert!(beyond.is_empty(), "{name}: stated, but neither in the baseline nor added: {beyond:?}");
        let tables = || workspace.implementations.iter().filter(|statement| statement.said_with.is_none());
        let narratives: BTreeSet<_> = tables().map(|statement| &statement.narrative).collect();
        assert_eq!(narratives.len(), tables().count(), "{name}: a statement is copied");
    }
}

#[test]
fn the_managed_starter_is_small_and_leaves_the_control_plane_to_its_provider() {
    let workspace = starter("managed-cluster");
    assert!((10..=20).contains(&workspace.components.len()));
    assert_eq!(workspace.clusters[0].control_plane, ControlPlane::Managed);
    assert_eq!(workspace.teams.iter().filter(|team| team.reader == ReaderRole::Application).count(), 2);
    assert!(workspace.control.approved.is_none(), "the starter is a draft");
}

/// The sample cluster fits the starter but for what nobody admits to: three namespaces and six grants.
#[test]
fn the_sample_drifts_only_where_nobody_is_the_owner() {
    let output = scopefence()
        .args(["drift", "--quiet", "--format", "json", "--evidence"])
        .arg(checkout("scopes/samples/platform.snapshot.jsonl.zst"))
        .arg(checkout("scopes/compliant-kubernetes"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let clusters: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let drift = &clusters[0];
    assert_eq!(drift["contested"], serde_json::json!([]));
    assert_eq!(drift["missing"], serde_json::json!([]));
    let text = |object: &serde_json::Value, key: &str| object[key].as_str().unwrap().to_owned();
    let mut grants = Vec::new();
    for object in drift["unclaimed"].as_array().unwrap() {
        let (kind, namespace, name) = (text(object, "kind"), text(object, "namespace"), text(object, "name"));
        let place = if kind == "Namespace" { &name } else { &namespace };
        if place.is_empty() {
            grants.push(name);
        } else {
            assert!(["sandbox", "team-legacy", "team-ml"].contains(&place.as_str()), "{kind} {namespace}/{name}");
        }
    }
    grants.sort();
    assert_eq!(
        grants,
        ["anonymous-info", "dangling", "helpdesk-escalate", "legacy-admin", "role-escalator", "unused-wildcard"]
    );
}
