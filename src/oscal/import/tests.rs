//! Catalogs and profiles of nobody: resolution rule by rule, and what an import makes of them.

use serde_json::{Value, json};

use super::*;
use crate::{frameworks::Frameworks, oscal::validate::File};

fn file(model: &str, content: &Value) -> File {
    File::read(json!({ model: content }).to_string().as_bytes()).expect("OSCAL")
}

fn control(id: &str, inner: &Value) -> Value {
    json!({
        "id": id,
        "title": format!("Title of {id}"),
        "props": [{"name": "label", "value": id.to_uppercase()}],
        "params": [{"id": format!("{id}_odp"), "label": "how often"}],
        "parts": [
            {"id": format!("{id}_smt"), "name": "statement", "prose": "Do this:", "parts": [
                {"name": "item", "props": [{"name": "label", "value": "a."}],
                 "prose": format!("look {{{{ insert: param, {id}_odp }}}}, see [another](#zz-2)")}
            ]},
            {"name": "assessment-objective", "prose": "not shown"},
            {"name": "guidance", "prose": "Take care."},
        ],
        "controls": inner,
    })
}

fn catalog_of_nobody() -> File {
    let groups = json!([
        {"id": "zz", "title": "First", "controls": [control("zz-1", &json!([control("zz-1.1", &json!([]))])), control("zz-2", &json!([]))]},
        {"id": "yy", "title": "Second", "controls": [control("yy-1", &json!([]))]},
    ]);
    file("catalog", &json!({"metadata": {"title": "Rules of Nobody", "version": "3"}, "groups": groups}))
}

fn given<'g>() -> Given<'g> {
    Given { file: "nobody.json", digest: "00", framework: None, baseline: None }
}

/// Identifiers that a profile selects, or why it cannot be resolved.
fn resolved(imports: &Value, modify: &Value) -> Result<Value, String> {
    let profile = file("profile", &json!({"metadata": {"title": "P"}, "imports": imports, "modify": modify}));
    resolve::resolve(&profile, &|_, href| match href {
        "catalog.json" => Ok(catalog_of_nobody()),
        "again.json" => Ok(file("profile", &json!({"imports": [{"href": "again.json"}]}))),
        other => Err(format!("{other} is not here")),
    })
}

fn ids(imports: &Value) -> Vec<String> {
    let catalog = resolved(imports, &Value::Null).expect("a catalog");
    let mut all = Vec::new();
    controls(&catalog, "", &mut all);
    all.iter().map(|(_, control)| control["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn selections_include_and_exclude() {
    let import = |rest: Value| {
        let mut import = json!([{"href": "catalog.json"}]);
        for (name, value) in rest.as_object().unwrap() {
            import[0][name] = value.clone();
        }
        ids(&import)
    };
    assert_eq!(import(json!({})), ["zz-1", "zz-1.1", "zz-2", "yy-1"]);
    assert_eq!(import(json!({"include-controls": [{"with-ids": ["zz-2"]}]})), ["zz-2"]);
    let with = json!({"include-controls": [{"with-ids": ["zz-1"], "with-child-controls": "yes"}]});
    assert_eq!(import(with), ["zz-1", "zz-1.1"]);
    // An enhancement alone moves up.
    assert_eq!(import(json!({"include-controls": [{"with-ids": ["zz-1.1"]}]})), ["zz-1.1"]);
    assert_eq!(import(json!({"include-controls": [{"matching": [{"pattern": "zz-*"}]}]})), ["zz-1", "zz-1.1", "zz-2"]);
    let without = json!({"include-all": {}, "exclude-controls": [{"with-ids": ["zz-1", "yy-1"]}]});
    assert_eq!(import(without), ["zz-1.1", "zz-2"]);
}

#[test]
fn what_cannot_be_resolved_is_said_with_its_place() {
    let error = |imports: Value, modify: Value| resolved(&imports, &modify).expect_err("an error");
    assert_eq!(error(json!([{"href": "gone.json"}]), Value::Null), "$.profile.imports[0].href: gone.json is not here");
    assert_eq!(
        error(json!([{"href": "catalog.json", "include-controls": [{"with-ids": ["zz-9"]}]}]), Value::Null),
        "$.profile.imports[0].include-controls[0]: the catalog has no control `zz-9`"
    );
    assert!(
        error(json!([{"href": "again.json"}]), Value::Null).ends_with("profiles import each other more than 8 deep")
    );
    assert_eq!(
        error(json!([{"href": "catalog.json"}]), json!({"alters": [{"control-id": "zz-9"}]})),
        "$.profile.modify.alters[0]: control `zz-9` is not selected"
    );
    assert_eq!(
        error(json!([{"href": "catalog.json"}]), json!({"set-parameters": [{"param-id": "x"}]})),
        "$.profile.modify.set-parameters[0]: no selected control has the parameter `x`"
    );
}

#[test]
fn parameters_are_set_and_controls_altered() {
    let modify = json!({
        "set-parameters": [{"param-id": "zz-2_odp", "values": ["daily"]}],
        "alters": [{
            "control-id": "zz-2",
            "removes": [{"by-name": "guidance"}],
            "adds": [{"position": "ending", "by-id": "zz-2_smt", "parts": [{"name": "item", "prose": "and write it down"}]}],
        }],
    });
    let imports = json!([{"href": "catalog.json", "include-controls": [{"with-ids": ["zz-2"]}]}]);
    let catalog = resolved(&imports, &modify).expect("a catalog");
    let control = &catalog["groups"][0]["controls"][0];
    assert_eq!(
        text::of(control),
        "Do this:\n\n- **a.** look {{ insert: param, zz-2_odp }}, see another\n- and write it down"
    );
    let mut names = std::collections::BTreeMap::new();
    text::parameters(control, &mut names);
    assert_eq!(names["zz-2_odp"], "daily");
}

#[test]
fn a_catalog_that_nobody_knows_makes_a_framework_with_its_text() {
    let imported = catalog(&catalog_of_nobody(), &given(), Frameworks::builtin()).expect("an import");
    assert!(imported.new);
    assert_eq!((imported.framework.as_str(), imported.controls, imported.texts), ("rules-of-nobody", 4, 4));
    let paths: Vec<_> = imported.files.iter().map(|(path, _)| path.to_str().unwrap()).collect();
    assert_eq!(paths, ["frameworks/rules-of-nobody.toml", "texts/rules-of-nobody.toml"]);
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in &imported.files {
        let path = folder.path().join("controls").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let frameworks = Frameworks::load(Some(folder.path())).expect("frameworks");
    let known = frameworks.framework("rules-of-nobody").expect("the framework");
    let labels: Vec<_> = known.controls.iter().map(|it| (it.label.as_str(), it.family.as_str())).collect();
    assert_eq!(labels, [("ZZ-1", "First"), ("ZZ-1.1", "First"), ("ZZ-2", "First"), ("YY-1", "Second")]);
}

#[test]
fn a_catalog_of_a_known_framework_brings_its_text_alone() {
    let groups = json!([{"id": "ac", "title": "Access Control", "controls": [control("ac-1", &json!([])), control("ac-2", &json!([]))]}]);
    let known = file("catalog", &json!({"metadata": {"title": "C", "version": "1"}, "groups": groups}));
    let imported = catalog(&known, &given(), Frameworks::builtin()).expect("an import");
    assert_eq!((imported.framework.as_str(), imported.new, imported.files.len()), ("nist-800-53r5", false, 1));
}

#[test]
fn what_is_no_catalog_is_refused() {
    let empty = file("catalog", &json!({"metadata": {"title": "C"}}));
    assert_eq!(catalog(&empty, &given(), Frameworks::builtin()).expect_err("empty"), "$.catalog: it holds no controls");
    let wrong = file("profile", &json!({}));
    assert_eq!(catalog(&wrong, &given(), Frameworks::builtin()).expect_err("wrong"), "it is a profile, not a catalog");
}
