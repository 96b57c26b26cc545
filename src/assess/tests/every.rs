//! Every built-in check has an object that passes it and one that fails it.

use std::{cell::RefCell, collections::BTreeSet};

use crate::{assess::Outcome, checks};

thread_local! {
    static SEEN: RefCell<BTreeSet<(String, Outcome)>> = const { RefCell::new(BTreeSet::new()) };
}

/// Notes the outcome of a check that a test asked by its name.
pub(super) fn seen(check: &str, outcome: Outcome) {
    SEEN.with_borrow_mut(|seen| seen.insert((check.to_owned(), outcome)));
}

/// Tests that tell good objects from bad ones.
const TESTS: &[fn()] = &[
    super::pods_are_told_apart,
    super::supplies_of_pods_are_told_apart,
    super::what_keeps_workloads_up_is_told_apart,
    super::signatures_at_admission_are_told_apart,
    super::images_are_told_apart,
    super::namespaces_are_told_apart,
    super::required_connections_and_their_enforcement_are_told_apart,
    super::access_is_told_apart,
    super::grants_are_told_apart,
    super::undeclared_subjects_are_told_apart,
    super::rights_beyond_what_a_role_declares_are_told_apart,
    super::powers_in_namespaces_of_other_teams_are_told_apart,
    super::leavers_are_found_by_name_and_in_groups,
    super::tokens_are_told_apart,
    super::exposure_certificates_and_nodes_are_told_apart,
    super::engines::webhooks_of_engines_are_told_apart,
    super::engines::policies_are_told_apart,
    super::engines::constraints_are_told_apart,
    super::engines::guards_of_namespaces_are_told_apart,
    super::engines::servers_without_alerts_are_told_apart,
    super::engines::meshes_are_told_apart,
    super::engines::log_shippers_are_told_apart,
    super::engines::delivery_is_told_apart,
    super::estate::storage_classes_are_told_apart,
    super::estate::backups_are_told_apart,
    super::estate::databases_are_told_apart,
    super::estate::restores_are_told_apart,
    super::estate::shared_nodes_are_told_apart,
    super::exposure::gateways_and_routes_are_told_apart,
    super::exposure::hosts_of_ingresses_are_told_apart,
    super::exposure::certificates_are_told_apart,
    super::exposure::approved_client_certificates_are_told_apart,
    super::settings::command_lines_are_told_apart,
    super::settings::kubelets_are_told_apart,
    super::settings::api_servers_are_told_apart,
    super::settings::runtimes_and_ends_of_life_are_told_apart,
    super::settings::claims_of_namespaces_are_told_apart,
    super::settings::groups_of_kubernetes_are_told_apart,
    super::settings::external_secrets_are_told_apart,
    super::settings::vulnerability_reports_are_told_apart,
];

#[test]
fn every_built_in_check_passes_one_object_and_fails_another() {
    for test in TESTS {
        test();
    }
    let mut missing = Vec::new();
    for check in checks::built_in() {
        for outcome in [Outcome::Pass, Outcome::Fail] {
            if SEEN.with_borrow(|seen| !seen.contains(&(check.id.to_string(), outcome))) {
                missing.push(format!("{} never {outcome:?}", check.id));
            }
        }
    }
    assert!(missing.is_empty(), "write an object for each:\n{}", missing.join("\n"));
}
