//! Files that are not OSCAL, not what the schema says, or not what they seem.

use serde_json::{Value, json};

use super::*;

fn catalog() -> Value {
    json!({"catalog": {
        "uuid": "9b8c7d6e-1234-4abc-8def-0123456789ab",
        "metadata": {
            "title": "A catalog", "last-modified": "2026-01-02T03:04:05Z", "version": "1", "oscal-version": "1.2.1",
            "roles": [{"id": "creator", "title": "Creator"}],
            "parties": [{"uuid": "1b8c7d6e-1234-4abc-8def-0123456789ab", "type": "organization", "name": "We"}],
            "responsible-parties": [{"role-id": "creator", "party-uuids": ["1b8c7d6e-1234-4abc-8def-0123456789ab"]}],
        },
        "controls": [{"id": "ac-1", "title": "Policy"}],
    }})
}

fn judged(content: &Value) -> Vec<(String, String)> {
    let file = File::read(content.to_string().as_bytes()).expect("OSCAL");
    let found = problems(&file, &[], Frameworks::builtin());
    found.into_iter().map(|problem| (problem.path, problem.message)).collect()
}

/// What is found after one change of the catalog.
fn after(change: impl FnOnce(&mut Value)) -> Vec<(String, String)> {
    let mut content = catalog();
    change(&mut content["catalog"]);
    judged(&content)
}

fn one(path: &str, message: &str) -> Vec<(String, String)> {
    vec![(path.to_owned(), message.to_owned())]
}

#[test]
fn nothing_is_wrong_with_a_good_file() {
    assert_eq!(judged(&catalog()), []);
}

#[test]
fn each_rule_of_the_schema_speaks_at_its_place() {
    assert_eq!(
        after(|it| {
            it["metadata"].as_object_mut().unwrap().remove("version");
        }),
        one("$.catalog.metadata", "`version` is missing")
    );
    assert_eq!(after(|it| it["owner"] = json!("we")), one("$.catalog.owner", "OSCAL has no such field here"));
    assert_eq!(after(|it| it["controls"] = json!([])), one("$.catalog.controls", "an empty list; leave the field out"));
    assert_eq!(
        after(|it| it["controls"][0]["id"] = json!("1 a")),
        one("$.catalog.controls[0].id", "\"1 a\" is not written as OSCAL wants it")
    );
    assert_eq!(
        after(|it| it["controls"] = json!({"id": "ac-1"})),
        one("$.catalog.controls", "must be a list, is an object")
    );
    assert_eq!(
        after(|it| it["metadata"]["parties"][0]["type"] = json!("robot")),
        one("$.catalog.metadata.parties[0].type", "\"robot\" is not one of \"person\", \"organization\"")
    );
    assert_eq!(
        after(|it| it["metadata"]["last-modified"] = json!("2026-02-30T00:00:00Z")),
        one("$.catalog.metadata.last-modified", "\"2026-02-30T00:00:00Z\" is not written as OSCAL wants it")
    );
}

#[test]
fn identifiers_have_to_lead_somewhere() {
    let nobody = "00000000-0000-4000-8000-000000000000";
    let found = after(|it| it["metadata"]["responsible-parties"][0]["party-uuids"] = json!([nobody]));
    let path = "$.catalog.metadata.responsible-parties[0].party-uuids[0]";
    assert_eq!(found, one(path, &format!("nothing in this file has the identifier {nobody}")));
    let found = after(|it| it["metadata"]["responsible-parties"][0]["role-id"] = json!("ghost"));
    assert_eq!(found, one("$.catalog.metadata.responsible-parties[0].role-id", "the metadata define no role `ghost`"));
    let found = after(|it| it["metadata"]["parties"][0]["uuid"] = it["uuid"].clone());
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0].0, "$.catalog.metadata.parties[0]");
    assert!(found[0].1.ends_with("is defined 2 times"), "{found:?}");
}

#[test]
fn a_placeholder_is_no_text() {
    let found = after(|it| it["metadata"]["title"] = json!("Catalog of <insert name>"));
    assert_eq!(found, one("$.catalog.metadata.title", "`<insert` is a placeholder"));
    assert_eq!(after(|it| it["metadata"]["title"] = json!("Todos los santos, <b>bold</b>, todo list")), []);
}

#[test]
fn a_profile_may_select_known_controls_only() {
    let profile = |control: &str| {
        let mut content = json!({"profile": catalog()["catalog"]});
        content["profile"].as_object_mut().unwrap().remove("controls");
        content["profile"]["imports"] = json!([{"href": "#x", "include-controls": [{"with-ids": [control]}]}]);
        judged(&content)
    };
    assert_eq!(profile("ac-6.5"), []);
    let path = "$.profile.imports[0].include-controls[0].with-ids[0]";
    assert_eq!(profile("ac-99"), one(path, "no catalog that is known here has the control `ac-99`"));
}

#[test]
fn what_is_no_oscal_is_refused_with_its_place() {
    let refused = |text: &str| {
        let problem = File::read(text.as_bytes()).expect_err("not OSCAL");
        (problem.path, problem.message)
    };
    let text = catalog().to_string();
    let cut = text.find("creator").unwrap();
    let (path, message) = refused(&text[..cut]);
    assert!(path.starts_with("$.catalog.metadata.") && message.starts_with("not JSON: EOF"), "{path} {message}");
    let deep = format!(r#"{{"catalog":{{"groups":{}"#, "[".repeat(100_000));
    let (path, message) = refused(&deep);
    assert!(path.starts_with("$.catalog.groups[0][0]") && message.contains("recursion limit"), "{path} {message}");
    assert!(path.len() < 200);
    assert_eq!(refused("[]"), ("$".to_owned(), "an OSCAL file is an object with one model".to_owned()));
    assert!(refused(r#"{"catalogue": {}}"#).1.starts_with("`catalogue` is no model of OSCAL; there are"));
    assert!(refused(r#"{"catalog": {}, "profile": {}}"#).1.ends_with("here are 2"));
    assert!(refused("").1.starts_with("not JSON"));
    let (path, _) = refused("{\"catalog\": {\n\"metadata\": {\"roles\": [1, {\"id\" 3}]}}}");
    assert_eq!(path, "$.catalog.metadata.roles[1].id");
    let huge = vec![b' '; LARGEST + 1];
    assert_eq!(File::read(&huge).expect_err("too large").message, "the file is larger than 64 MB");
}
