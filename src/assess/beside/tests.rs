use super::*;
use crate::{
    document::testing::workspace,
    results::{ObjectResult, Original},
};

fn rule(id: &str, outcome: Outcome, count: usize) -> RuleResult {
    RuleResult {
        id: id.to_owned(),
        engine: None,
        title: None,
        severity: None,
        named: Vec::new(),
        counts: BTreeMap::from([(outcome, count)]),
        objects: vec![ObjectResult { outcome, object: "Pod a/b".to_owned() }],
        more: 0,
    }
}

fn file(tool: &str, rules: Vec<RuleResult>) -> ResultFile {
    ResultFile {
        format: 1,
        tool: tool.to_owned(),
        tool_version: None,
        read_as: tool.to_owned(),
        against: Vec::new(),
        cluster: None,
        observed: When::Day("2026-11-20".parse().expect("a day")),
        original: Original { name: "a.json".to_owned(), sha256: String::new(), bytes: 0 },
        left_out: BTreeMap::new(),
        rules,
        file: format!("evidence/results/{tool}.results.json"),
        digest: String::new(),
    }
}

#[test]
fn who_asks_a_part_cannot_be_contradicted_by_the_whole() {
    use Outcome::{Fail, Manual, NotApplicable, NotVisible, Pass};
    use Relation::{Contains, PartOf, Same};
    for (ours, theirs, relation, wanted) in [
        (Pass, Fail, Same, true),
        (Pass, Fail, PartOf, true),
        (Pass, Fail, Contains, false),
        (NotApplicable, Fail, Same, true),
        (Fail, Pass, Same, true),
        (Fail, Pass, Contains, true),
        (Fail, Pass, PartOf, false),
        (Fail, NotApplicable, Same, false),
        (Fail, Fail, Same, false),
        (Pass, Manual, Same, false),
        (NotVisible, Fail, Same, false),
    ] {
        assert_eq!(disagree(ours, theirs, relation), wanted, "{ours:?} {theirs:?} {relation:?}");
    }
}

#[test]
fn what_nobody_answers_is_open_and_patterns_are_one_point() {
    let mut workspace = workspace();
    let rules = vec![
        rule("CVE-2024-1", Outcome::Fail, 2),
        rule("CVE-2024-2", Outcome::Fail, 3),
        rule("DS002", Outcome::Fail, 1),
        rule("KSV-0017", Outcome::Fail, 1),
        rule("KSV-0014", Outcome::Pass, 1),
    ];
    workspace.results = vec![file("trivy", rules)];
    let beside = of(&workspace, &[], &[], &[], None);
    let open: Vec<_> = beside.open.iter().map(|point| (&*point.rule, point.rules, point.count)).collect();
    assert_eq!(open, [("KSV-0017", 1, 1), ("CVE-*", 2, 5)]);
    let trivy = &beside.files[0];
    assert_eq!((trivy.unmapped, trivy.counts[&Outcome::Fail], trivy.counts[&Outcome::Pass]), (1, 4, 1));
    let control = ControlId::new("cis-kubernetes-1.12:5.2.2");
    assert_eq!(beside.about(&control).map(|(_, rule)| &*rule.result.id).collect::<Vec<_>>(), ["KSV-0017"]);
    assert_eq!(beside.through(&control).count(), 0);
}

#[test]
fn old_results_are_shown_and_held_against_nothing() {
    let mut workspace = workspace();
    workspace.results = vec![file("kubescape", vec![rule("C-0002", Outcome::Fail, 1)])];
    let at = |day: &str| of(&workspace, &[], &[], &[], Some(day.parse().expect("a day")));
    let (fresh, old) = (at("2026-12-20"), at("2026-12-21"));
    assert_eq!((fresh.files[0].stale, fresh.open.len()), (false, 1));
    assert_eq!((old.files[0].stale, old.open.len(), old.files[0].rules.len()), (true, 0, 1));
}
