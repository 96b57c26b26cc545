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
    merged(imports, &json!({"as-is": true}), modify)
}

/// The same, with what the profile says of its structure.
fn merged(imports: &Value, merge: &Value, modify: &Value) -> Result<Value, String> {
    let content =
        json!({"uuid": "u-1", "metadata": {"title": "P"}, "imports": imports, "merge": merge, "modify": modify});
    let circle = |uuid: &str, title: &str, href: &str| {
        Ok(file("profile", &json!({"uuid": uuid, "metadata": {"title": title}, "imports": [{"href": href}]})))
    };
    resolve::resolve(&file("profile", &content), &|_, href| match href {
        "catalog.json" => Ok(catalog_of_nobody()),
        "again.json" => Ok(file("profile", &json!({"imports": [{"href": "again.json"}]}))),
        "back.json" => circle("u-2", "Q", "p.json"),
        "p.json" => circle("u-1", "P", "back.json"),
        "broken.json" => Ok(file("profile", &json!({"imports": [{"href": "gone.json"}]}))),
        "empty.json" => Ok(file("profile", &json!({"metadata": {"title": "E"}}))),
        other => Err(format!("{other} is not here")),
    })
}

/// Groups and controls as an outline: `zz(zz-1(zz-1.1) zz-2)`.
fn outline(node: &Value) -> String {
    let groups =
        members(node, "groups").map(|group| format!("{}[{}]", group["title"].as_str().unwrap(), outline(group)));
    let controls = members(node, "controls").map(|control| match outline(control) {
        inner if inner.is_empty() => control["id"].as_str().unwrap().to_owned(),
        inner => format!("{}({inner})", control["id"].as_str().unwrap()),
    });
    groups.chain(controls).collect::<Vec<_>>().join(" ")
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
        "$.profile.imports[0].include-controls[0].with-ids[0]: there is no control `zz-9` to select"
    );
    assert!(
        error(json!([{"href": "again.json"}]), Value::Null).ends_with("profiles import each other more than 8 deep")
    );
    assert_eq!(
        error(json!([{"href": "catalog.json"}]), json!({"alters": [{"control-id": "zz-9"}]})),
        "$.profile.modify.alters[0].control-id: control `zz-9` is not selected"
    );
    assert_eq!(
        error(json!([{"href": "catalog.json"}]), json!({"set-parameters": [{"param-id": "x"}]})),
        "$.profile.modify.set-parameters[0].param-id: no selected control has the parameter `x`"
    );
}

#[test]
fn chains_of_profiles_say_where_they_break() {
    let error = |href: &str| resolved(&json!([{"href": href}]), &Value::Null).expect_err("an error");
    assert_eq!(
        error("back.json"),
        "$.profile.imports[0].href: back.json: $.profile.imports[0].href: p.json: \
         profiles import each other in a circle: P → Q → P"
    );
    assert_eq!(
        error("broken.json"),
        "$.profile.imports[0].href: broken.json: $.profile.imports[0].href: gone.json is not here"
    );
    assert_eq!(error("empty.json"), "$.profile.imports[0].href: empty.json: $.profile.imports: it imports nothing");
}

#[test]
fn a_profile_keeps_flattens_or_makes_groups() {
    let outlined = |imports: &Value, merge: Value| merged(imports, &merge, &Value::Null).map(|it| outline(&it));
    let all = json!([{"href": "catalog.json"}]);
    assert_eq!(outlined(&all, json!({"as-is": true})).unwrap(), "First[zz-1(zz-1.1) zz-2] Second[yy-1]");
    for flat in [Value::Null, json!({"flat": {}}), json!({"as-is": false})] {
        assert_eq!(outlined(&all, flat).unwrap(), "zz-1 zz-1.1 zz-2 yy-1");
    }
    // Two selections of one catalog share its groups.
    let two = json!([
        {"href": "catalog.json", "include-controls": [{"with-ids": ["zz-2"]}]},
        {"href": "catalog.json", "include-controls": [{"with-ids": ["zz-1", "zz-2", "yy-1"]}]},
    ]);
    assert_eq!(outlined(&two, json!({"as-is": true})).unwrap(), "First[zz-2 zz-1 zz-2] Second[yy-1]");
    for method in ["use-first", "merge"] {
        let merge = json!({"as-is": true, "combine": {"method": method}});
        assert_eq!(outlined(&two, merge).unwrap(), "First[zz-2 zz-1] Second[yy-1]", "{method}");
    }
    let custom = json!({"custom": {
        "groups": [
            {"id": "ours", "title": "Ours", "groups": [{"title": "Inner", "insert-controls": [{"include-controls": [{"with-ids": ["yy-1"]}]}]}],
             "insert-controls": [{"order": "descending", "include-controls": [{"matching": [{"pattern": "zz-?"}], "with-child-controls": "yes"}]}]},
        ],
        "insert-controls": [{"include-all": {}, "exclude-controls": [{"with-ids": ["zz-1", "zz-2", "yy-1"]}]}],
    }});
    assert_eq!(outlined(&all, custom).unwrap(), "Ours[Inner[yy-1] zz-2 zz-1(zz-1.1)] zz-1.1");
    let ascending = json!({"custom": {"insert-controls": [{"order": "ascending", "include-all": {}}]}});
    assert_eq!(outlined(&all, ascending).unwrap(), "yy-1 zz-1(zz-1.1) zz-2");

    let wrong = |merge: Value| outlined(&all, merge).expect_err("an error");
    assert_eq!(
        wrong(json!({"flat": {}, "as-is": true})),
        "$.profile.merge: it asks for flat and as-is at once; one is possible"
    );
    assert!(wrong(json!({"combine": {"method": "mix"}})).starts_with("$.profile.merge.combine.method: `mix` is not"));
    let order =
        json!({"custom": {"groups": [{"title": "G", "insert-controls": [{"order": "up", "include-all": {}}]}]}});
    assert!(wrong(order).starts_with("$.profile.merge.custom.groups[0].insert-controls[0].order: `up` is not"));
    let gone = json!({"custom": {"insert-controls": [{"include-controls": [{"with-ids": ["ac-1"]}]}]}});
    assert_eq!(
        wrong(gone),
        "$.profile.merge.custom.insert-controls[0].include-controls[0].with-ids[0]: there is no control `ac-1` to select"
    );
}

#[test]
fn alterations_stand_where_they_are_put() {
    let names = |alter: Value| {
        let imports = json!([{"href": "catalog.json", "include-controls": [{"with-ids": ["zz-2"]}]}]);
        let modify = json!({"alters": [{"control-id": "zz-2", "removes": alter["removes"], "adds": alter["adds"]}]});
        let catalog = resolved(&imports, &modify)?;
        let control = &catalog["groups"][0]["controls"][0];
        let parts = members(control, "parts").map(|part| part["name"].as_str().unwrap());
        let inner = members(&control["parts"][0], "parts").map(|part| part["name"].as_str().unwrap());
        Ok::<_, String>(format!("{}|{}", parts.collect::<Vec<_>>().join(" "), inner.collect::<Vec<_>>().join(" ")))
    };
    let new = json!([{"name": "new"}]);
    let add = |position: &str, by: Value| names(json!({"adds": [{"position": position, "by-id": by, "parts": new}]}));
    assert_eq!(add("starting", Value::Null).unwrap(), "new statement assessment-objective guidance|");
    assert_eq!(add("ending", Value::Null).unwrap(), "statement assessment-objective guidance new|item");
    assert_eq!(add("before", json!("zz-2_smt")).unwrap(), "new statement assessment-objective guidance|");
    assert_eq!(add("after", json!("zz-2_smt")).unwrap(), "statement new assessment-objective guidance|item");
    assert_eq!(add("starting", json!("zz-2_smt")).unwrap(), "statement assessment-objective guidance|new item");
    assert_eq!(add("ending", json!("zz-2_smt")).unwrap(), "statement assessment-objective guidance|item new");
    assert_eq!(
        add("ending", json!("zz-2_gone")).expect_err("an error"),
        "$.profile.modify.alters[0].adds[0].by-id: the control has nothing with the identifier `zz-2_gone`"
    );
    let remove = |what: Value| names(json!({"removes": [what]})).unwrap();
    assert_eq!(remove(json!({"by-id": "zz-2_smt"})), "assessment-objective guidance|");
    assert_eq!(remove(json!({"by-name": "item"})), "statement assessment-objective guidance|");
    assert_eq!(remove(json!({"by-item-name": "part", "by-name": "guidance"})), "statement assessment-objective|item");
    assert_eq!(remove(json!({"by-item-name": "prop"})), "statement assessment-objective guidance|item");
    assert_eq!(remove(json!({"by-ns": "https://else.example"})), "statement assessment-objective guidance|item");
}

/// NIST's own baselines over NIST's own catalog, where they are at hand.
#[test]
fn nists_baselines_have_their_numbers_of_controls() {
    let Some(folder) = std::env::var_os("SCOPEFENCE_NIST").map(std::path::PathBuf::from) else {
        return eprintln!("skipped: SCOPEFENCE_NIST names no folder with NIST's files");
    };
    let read = |name: &str| {
        let bytes = std::fs::read(folder.join(format!("NIST_SP-800-53_rev5_{name}.json"))).expect("the file");
        File::read(&bytes).expect("OSCAL")
    };
    for (name, count) in [("LOW", 149), ("MODERATE", 287), ("HIGH", 370), ("PRIVACY", 96)] {
        let profile = read(&format!("{name}-baseline_profile"));
        let resolved = resolve::resolve(&profile, &|_, _| Ok(read("catalog"))).expect("a catalog");
        let mut all = Vec::new();
        controls(&resolved, "", &mut all);
        assert_eq!(all.len(), count, "{name}");
        let families = members(&resolved, "groups").count();
        assert!((10..=20).contains(&families), "{name}: {families} families");
        // Without the catalog the framework that is known here selects the same.
        let known = resolve::resolve(&profile, &|from, href| {
            known_catalog(from, href, Frameworks::builtin()).ok_or_else(|| "unknown".to_owned())
        });
        let mut again = Vec::new();
        let known = known.expect("a catalog");
        controls(&known, "", &mut again);
        let ids = |all: &[(&str, &Value)]| -> Vec<String> {
            let mut ids: Vec<String> = all.iter().map(|(_, it)| it["id"].as_str().unwrap().to_owned()).collect();
            ids.sort();
            ids
        };
        assert_eq!(ids(&all), ids(&again), "{name}");
    }
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
