use super::*;
use crate::snapshot::parts;

#[test]
fn every_embedded_file_parses_and_ids_are_unique() {
    let mut seen = BTreeSet::new();
    for (path, text) in embedded() {
        let checks = parse::read(text, parse::Names::Any).unwrap_or_else(|problems| {
            panic!("{}: {} at {:?}", path.display(), problems[0], problems[0].span.clone().map(|span| &text[span]))
        });
        for check in checks {
            assert!(seen.insert(check.id.clone()), "{} is defined twice", check.id);
            assert!(!check.controls.is_empty(), "{} serves no control", check.id);
        }
    }
    assert_eq!(seen.len(), built_in().len());
}

fn check(question: &str) -> String {
    format!(
        "format = 1\n[[check]]\nid = \"x\"\ntitle = \"t\"\nseverity = \"low\"\nduty = \"image\"\nneeds = [\"Pod\", \
         \"apps/Deployment\"]\nrationale = \"r\"\nremediation = \"r\"\n{question}"
    )
}

fn problems(question: &str) -> Vec<(String, String)> {
    let text = check(question);
    let problems = parse(&text).expect_err("problems");
    let place = |problem: &Problem| text[problem.span.clone().expect("a place")].to_owned();
    problems.iter().map(|problem| (problem.message.clone(), place(problem))).collect()
}

#[test]
fn an_unknown_evaluator_is_named_with_its_place() {
    let found = problems("evaluator = \"nope\"\n");
    assert_eq!(found, [("no evaluator is named `nope`".to_owned(), "\"nope\"".to_owned())]);
}

#[test]
fn mistakes_stand_at_their_place_in_the_file() {
    let found = problems(
        "rule = [\n  { expression = 'objct.spec.x', message = \"m\" },\n  { expression = \"\"\"\n  has(object.spec) &&\n  \
         object.name.startswith(\\\"a\\\")\"\"\", message-expression = \"params.none\" },\n]\n",
    );
    let places: Vec<&str> = found.iter().map(|(_, place)| place.as_str()).collect();
    assert_eq!(places, ["objct", "startswith", "params"]);
}

#[test]
fn a_variable_sees_those_above_it_only() {
    let rule = "[[check.rule]]\nexpression = \"variables.b == 2\"\nmessage = \"m\"\n";
    let variable = |name: &str, expression: &str| {
        format!("[[check.variable]]\nname = \"{name}\"\nexpression = \"{expression}\"\n")
    };
    let (a, b) = (variable("a", "1"), variable("b", "variables.a + 1"));
    assert!(parse(&check(&format!("{a}{b}{rule}"))).is_ok());
    assert_eq!(problems(&format!("{b}{a}{rule}"))[0].1, "variables");
    assert_eq!(problems(&format!("{a}{a}{b}{rule}"))[0].0, "variable `a` is declared twice");
}

#[test]
fn a_check_asks_one_way() {
    let rule = "rule = [{ expression = \"true\", message = \"m\" }]\n";
    assert!(problems("")[0].0.contains("asks nothing"));
    assert!(problems(&format!("evaluator = \"pod-privileged\"\n{rule}"))[0].0.contains("both"));
    assert!(problems("rule = [{ expression = \"true\" }]\n")[0].0.contains("says what is wrong"));
    let known = "rule = [{ expression = \"objects.Deployment.size() > params.limit && \
                 objects['apps/Deployment'] != [] && facts.nodes == [] && now > timestamp(0)\", message = \"m\" }]\n\
                 params = { limit = 3 }\n";
    let found = parse(&check(known)).expect("sound");
    let Question::Rules(rules) = &found[0].question else { panic!("rules") };
    assert!(!rules.alone());
    assert_eq!(rules.facts().collect::<Vec<_>>(), ["nodes"]);
    let namespace = "rule = [{ expression = \"has(namespaceObject.metadata.labels)\", message = \"m\" }]\n";
    assert!(problems(namespace)[0].0.contains("`Namespace` is not among the kinds needed"));
}

#[test]
fn reads_stand_at_their_place_once() {
    let text = check(
        "subject = \"pod-templates\"\nvariable = [{ name = \"s\", expression = \"object.spec\" }]\n\
         rule = [{ expression = 'variables.s.hostPID || variables.s.hostPID', message = \"m\" }]\n",
    );
    let Question::Rules(rules) = &parse(&text).expect("sound")[0].question else { panic!("rules") };
    let found: Vec<_> = rules.reads.iter().map(|read| (read.read.to_string(), &text[read.place.clone()])).collect();
    let place = "variables.s.hostPID";
    let deployment = "`spec.template.spec.hostPID` of apps/Deployment".to_owned();
    assert_eq!(found, [("`spec.hostPID` of Pod".to_owned(), place), (deployment, place)]);
}

#[test]
fn embedded_rules_read_what_every_snapshot_holds() {
    let embedded = crate::cluster::projection::Projections::builtin().expect("embedded");
    for check in built_in() {
        let Question::Rules(rules) = &check.question else { continue };
        for reads::Placed { read, .. } in &rules.reads {
            let (group, kind) = parts(&read.kind);
            let kept = embedded.get_or_metadata(group, kind).kept();
            assert!(read.is_in(&kept), "{}: {read} is not in controls/projections", check.id);
        }
    }
}

#[test]
fn what_prevents_a_finding_is_a_check() {
    for check in built_in() {
        for cause in &check.prevented_by {
            assert!(built_in().iter().any(|known| known.id == *cause), "{}: no check `{cause}`", check.id);
        }
    }
}
