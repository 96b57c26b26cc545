use super::*;
use crate::{
    checks,
    results::{Named as Said, Original, When},
    tables,
};

fn file(tool: &str) -> ResultFile {
    ResultFile {
        format: 1,
        tool: tool.to_owned(),
        tool_version: None,
        read_as: tool.to_owned(),
        against: Vec::new(),
        cluster: None,
        observed: When::Day(chrono::NaiveDate::default()),
        original: Original { name: String::new(), sha256: String::new(), bytes: 0 },
        left_out: BTreeMap::new(),
        rules: Vec::new(),
        file: String::new(),
        digest: String::new(),
    }
}

fn rule(id: &str, engine: Option<&str>, named: &[(&str, &str)]) -> RuleResult {
    let named = named
        .iter()
        .map(|(framework, control)| Said { framework: (*framework).to_owned(), control: (*control).to_owned() });
    RuleResult {
        id: id.to_owned(),
        engine: engine.map(str::to_owned),
        title: None,
        severity: None,
        named: named.collect(),
        counts: BTreeMap::new(),
        objects: Vec::new(),
        more: 0,
    }
}

fn about(tool: &str, rule: &RuleResult) -> (Vec<String>, Vec<(String, Relation)>) {
    let found = mapped(Frameworks::builtin(), &[], &file(tool), rule);
    let checks = found.checks.into_iter().map(|(check, relation)| (check.to_string(), relation));
    (found.controls.iter().map(ToString::to_string).collect(), checks.collect())
}

/// Every file can be read, and whatever it names exists.
#[test]
fn the_data_is_sound() {
    let frameworks = Frameworks::builtin();
    let exists = |control: &ControlId| assert!(frameworks.control(control).is_some(), "{control}");
    let known: BTreeSet<&str> = checks::known_ids().collect();
    let is_check = |check: &CheckId| assert!(known.contains(check.as_str()), "{check}");
    let mut files = 0;
    for (path, text) in embedded() {
        let file: File = tables::from_str(text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(file.format, 1);
        let ids: Vec<_> = file.tool.iter().flat_map(|tool| &tool.rules).map(|row| (&row.id, &row.engine)).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{}: a rule twice", path.display());
        files += 1;
    }
    assert_eq!(files, 6);
    for tool in &KNOWN.tools {
        assert!(tool.frameworks.iter().all(|named| frameworks.framework(&named.is).is_some()), "{}", tool.id);
        for row in &tool.rules {
            row.asks.iter().chain(&row.controls).for_each(exists);
            row.checks.iter().for_each(|(check, _)| is_check(check));
        }
    }
    for (control, checks) in &KNOWN.questions {
        exists(control);
        assert!(!checks.is_empty(), "{control}");
        checks.iter().for_each(|(check, _)| is_check(check));
    }
}

/// What the questions say of a check and what the check says of itself do not contradict each other: a check that asks
/// what a control asks serves that control.
#[test]
fn checks_serve_the_controls_that_they_ask() {
    let aggregated = ["pod-security-baseline", "pod-security-restricted"];
    for (control, asked) in &KNOWN.questions {
        for (check, _) in asked.iter().filter(|(check, _)| !aggregated.contains(&check.as_str())) {
            let definition = checks::built_in().iter().find(|it| it.id == *check).expect("a check");
            assert!(definition.controls.contains(control), "{check} does not name {control}");
        }
    }
}

#[test]
fn only_versions_that_are_here_are_mapped() {
    let of = |version: &str| about("kube-bench", &rule("1.2.1", None, &[(version, "1.2.1")]));
    let same = |check: &str| vec![(check.to_owned(), Relation::Same)];
    assert_eq!(of("cis-1.12"), (vec!["cis-kubernetes-1.12:1.2.1".to_owned()], same("apiserver-anonymous-auth")));
    assert_eq!(of("cis-1.24"), (Vec::new(), Vec::new()));
    assert_eq!(of("1.6"), (Vec::new(), Vec::new()));
    // The newer benchmark, by the crosswalk that says which of its numbers ask the same.
    let newer = of("cis-2.0.1");
    assert_eq!(newer.0, ["cis-kubernetes-2.0.1:1.2.1"]);
    assert_eq!(newer.1, same("apiserver-anonymous-auth"));
}

#[test]
fn a_part_of_a_requirement_is_a_part_of_the_question() {
    let found = about(
        "prowler",
        &rule("core_x", None, &[("CIS-1.12", "5.2.2"), ("CIS-1.8", "5.2.2"), ("ISO27001-2022", "A.8.3")]),
    );
    assert_eq!(found.0, ["cis-kubernetes-1.12:5.2.2", "iso-27001-2022:a.8.3"]);
    assert_eq!(found.1, [("pod-privileged".to_owned(), Relation::PartOf)]);
    let nist = about(
        "prowler",
        &rule("x", None, &[("NIST-800-53-Revision-5", "ac_6_5"), ("NIST-800-53-Revision-5", "ac_2_3_a")]),
    );
    assert_eq!(nist.0, ["nist-800-53r5:ac-6.5"]);
    // What contains a part of a question says nothing of it.
    assert_eq!(about("prowler", &rule("x", None, &[("CIS-1.12", "5.6.3")])).1, []);
    assert_eq!(about("kube-bench", &rule("5.6.3", None, &[("cis-1.12", "5.6.3")])).1[0].1, Relation::Contains);
}

#[test]
fn identifiers_of_trivy_have_had_several_forms() {
    let wanted = about("trivy", &rule("KSV-0017", None, &[]));
    assert_eq!(wanted.1, [("pod-privileged".to_owned(), Relation::Same)]);
    for form in ["KSV017", "AVD-KSV-0017", "avd-ksv-0017", "KSV17"] {
        assert_eq!(about("trivy", &rule(form, None, &[])), wanted, "{form}");
    }
    for other in ["KSV", "KSV-x", "KSV-99999999", "DS002", ""] {
        assert_eq!(about("trivy", &rule(other, None, &[])), (Vec::new(), Vec::new()), "{other}");
    }
    let cve = mapped(Frameworks::builtin(), &[], &file("trivy"), &rule("CVE-2024-1", None, &[]));
    assert_eq!(cve.pattern.as_deref(), Some("CVE-*"));
}

#[test]
fn policies_belong_to_their_engine() {
    let of = |engine| about("policy-report", &rule("disallow-host-path/host-path", engine, &[])).1;
    assert_eq!(of(Some("kyverno")), [("pod-host-path".to_owned(), Relation::Same)]);
    assert_eq!(of(Some("other")), []);
    assert_eq!(of(None), []);
    let report = |engine| about("trivy", &rule("3", Some(engine), &[])).1;
    assert_eq!(report("k8s-pss-baseline-0.1"), [("pod-privileged".to_owned(), Relation::Same)]);
    assert_eq!(report("k8s-cis-1.23"), []);
    assert_eq!(about("kubescape", &rule("C-0057", None, &[])).1, [("pod-privileged".to_owned(), Relation::Same)]);
}

#[test]
fn a_row_of_the_workspace_stands_in_place_of_ours() {
    let own = |rule: &str, controls: &[&str]| ResultMapping {
        tool: "trivy".to_owned(),
        rule: rule.to_owned(),
        controls: controls.iter().map(|control| ControlId::new(*control)).collect(),
        checks: Vec::new(),
        because: None,
    };
    let rows = [own("KSV-0017", &[]), own("DS*", &["nist-800-53r5:cm-6"])];
    let of = |id| mapped(Frameworks::builtin(), &rows, &file("trivy"), &rule(id, None, &[]));
    assert!(of("AVD-KSV-0017").is_empty());
    assert_eq!(of("DS002").pattern.as_deref(), Some("DS*"));
    assert_eq!(of("DS002").controls.len(), 1);
    assert!(!of("KSV-0001").is_empty());
}
