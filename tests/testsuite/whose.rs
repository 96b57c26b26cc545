//! `scopefence whose`.

use crate::evidence::Workspace;

#[test]
fn kinds_are_understood_as_kubectl_spells_them() {
    let workspace = Workspace::observed();
    for kind in ["deploy", "Deployment", "deployments", "DEPLOYMENT", "deployment.apps", "deployments.apps"] {
        let run = workspace.run(&["whose", &format!("{kind}/api"), "-n", "team-payments"]);
        assert_eq!(run.status, Some(0), "{kind}: {}", run.err);
        assert!(run.out.contains("Payment service (payments-app), outside the fence"), "{}", run.out);
    }
    for kind in ["po", "pod", "pods"] {
        assert_eq!(workspace.run(&["whose", &format!("{kind}/orders-1")]).status, Some(0), "{kind}");
    }
}

#[test]
fn the_answer_names_duties_contacts_escalation_and_findings() {
    let run = Workspace::observed().run(&["whose", "pod/orders-1"]);
    for expected in [
        "Orders database (database), inside the fence",
        "platform@acme.example",
        "configuration, data",
        "#payments",
        "Platform team, then Payments team",
        "30 min",
        "securityContext.privileged = true",
    ] {
        assert!(run.out.contains(expected), "{expected}: {}", run.out);
    }
    let json = Workspace::observed().run(&["whose", "pod/orders-1", "--format", "json"]).json();
    assert_eq!(json["component"]["id"], "database");
    let privileged = json["findings"].as_array().expect("a list").iter().find(|line| line["check"] == "pod-privileged");
    assert_eq!(privileged.expect("a finding")["team"], "Payments team");
}

#[test]
fn a_pod_answers_with_what_made_it() {
    let run = Workspace::observed().run(&["whose", "pod/api-1-x"]);
    assert!(run.out.contains("made by    Deployment team-payments/api"), "{}", run.out);
    assert!(run.out.contains("pod-privileged"), "{}", run.out);
}

#[test]
fn ambiguous_and_unknown_names_offer_candidates() {
    let workspace = Workspace::observed();
    let several = workspace.run(&["whose", "deploy/web"]);
    assert_eq!((several.status, &*several.out), (Some(1), ""));
    assert!(several.err.contains("Deployment lab/web") && several.err.contains("Deployment team-payments/web"));
    let nearest = workspace.run(&["whose", "deploy/apo"]);
    assert_eq!(nearest.status, Some(1));
    assert!(nearest.err.contains("did you mean Deployment team-payments/api?"), "{}", nearest.err);
    let kind = workspace.run(&["whose", "deployy/api"]);
    assert!(kind.status == Some(1) && kind.err.contains("did you mean `deploy`?"), "{}", kind.err);
    let nonsense = workspace.run(&["whose", "api"]);
    assert!(nonsense.status == Some(2) && nonsense.err.contains("write KIND/NAME"), "{}", nonsense.err);
}

#[test]
fn what_nobody_owns_is_bad_news_and_hostile_names_are_harmless() {
    let workspace = Workspace::observed();
    let run = workspace.run(&["whose", "ns/team-ml"]);
    assert_eq!(run.status, Some(1));
    assert!(run.out.contains("nobody owns it: owner label platform.example/owner = ml"), "{}", run.out);
    let hostile = workspace.run(&["whose", "pod/<script>alert(1)</script>\u{1b}[31mred"]);
    assert!(hostile.out.contains("<script>alert(1)</script>[U+001B][31mred"), "{}", hostile.out);
    hostile.assert_harmless();
    workspace.run(&["whose", "pod/\u{1b}[31m"]).assert_harmless();
}

#[test]
fn without_a_snapshot_it_says_how_to_get_one() {
    let run = Workspace::bare().run(&["whose", "pod/x"]);
    assert!(run.status == Some(2) && run.err.contains("scopefence collect"), "{}", run.err);
}
