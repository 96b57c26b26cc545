//! The built-in data is complete, and what people write is understood.

use super::*;

fn nist(text: &str) -> Result<ControlId, Unresolved> {
    Frameworks::builtin().resolve(text, Some("nist-800-53r5"))
}

#[test]
fn every_embedded_file_is_a_framework() {
    let files = crate::embedded::CONTROLS.get_dir("frameworks").map_or(0, |dir| dir.files().count());
    for file in crate::embedded::CONTROLS.get_dir("frameworks").into_iter().flat_map(|dir| dir.files()) {
        let framework = read::parse(file.path(), file.contents_utf8().unwrap()).unwrap();
        assert_eq!(file.path().file_stem().unwrap().to_str().unwrap(), framework.id, "file named after its framework");
    }
    assert_eq!(Frameworks::builtin().iter().count(), files);
}

#[test]
fn nist_is_complete() {
    let framework = Frameworks::builtin().framework("nist-800-53r5").unwrap();
    assert_eq!(framework.controls.len(), 1196);
    assert_eq!(framework.controls.iter().filter(|control| control.withdrawn).count(), 182);
    assert_eq!(framework.families().len(), 20);
    let sizes: Vec<_> = framework.baselines.iter().map(|b| (b.name.as_str(), b.controls.len())).collect();
    assert_eq!(sizes, [("low", 149), ("moderate", 287), ("high", 370), ("privacy", 96)]);
    for name in ["low", "moderate"] {
        for id in &framework.baseline(name).unwrap().controls {
            assert!(framework.baseline("high").unwrap().controls.contains(id), "{id} of {name} is not in high");
        }
    }
    let control = framework.control("ac-6.5").unwrap();
    assert_eq!((control.label.as_str(), control.title.as_str()), ("AC-6(5)", "Privileged Accounts"));
    assert_eq!(framework.enhanced(control).unwrap().label, "AC-6");
}

#[test]
fn every_framework_has_all_of_its_controls() {
    let sizes: Vec<(&str, usize, usize)> = Frameworks::builtin()
        .iter()
        .map(|one| (one.id.as_str(), one.controls.len(), one.controls.iter().filter(|c| c.withdrawn).count()))
        .collect();
    assert_eq!(
        sizes,
        [
            ("bsi-c5-2020", 121, 0),
            ("cis-kubernetes-1.12", 131, 0),
            ("cis-kubernetes-2.0.1", 131, 0),
            ("csa-ccm-4", 197, 0),
            ("csf-2.0", 106, 0),
            ("disa-kubernetes-stig-v1r6", 87, 0),
            ("dora", 18, 0),
            ("fedramp-frr-2026", 246, 0),
            ("fedramp-ksi-2026", 46, 0),
            ("gdpr", 27, 0),
            ("hipaa-security-rule", 61, 0),
            ("iso-27001-2022", 93, 0),
            ("nis2-art-21", 10, 0),
            ("nist-800-171r3", 130, 33),
            ("nist-800-53r5", 1196, 182),
            ("nsa-cisa-kubernetes-1.2", 32, 0),
            ("pci-dss-4.0.1", 63, 0),
            ("pod-security-standards", 18, 0),
            ("soc2-tsc-2017", 61, 0),
        ]
    );
}

#[test]
fn controls_have_titles_families_and_what_they_enhance() {
    for framework in Frameworks::builtin().iter() {
        for control in &framework.controls {
            let id = &control.id;
            assert!(!control.title.is_empty() && !control.label.is_empty() && !control.family.is_empty(), "{id}");
            assert!(!control.title.ends_with('.') && control.title.len() < 130, "{id}: a title is no sentence");
            assert_eq!(framework.control(&resolve::normalize(&control.label)).map(|c| &c.id), Some(id), "{id}");
        }
        assert!(!framework.baselines.is_empty(), "{} can be chosen", framework.id);
    }
    let nist = Frameworks::builtin().framework("nist-800-53r5").unwrap();
    for control in nist.controls.iter().filter(|control| control.id.control().contains('.')) {
        assert!(nist.enhanced(control).is_some(), "{} enhances nothing", control.id);
    }
    assert_eq!(nist.control("ac-6.5").unwrap().parameters, [["ac-06.05_odp"]]);
    let lockout = &nist.control("ac-7").unwrap().parameters[2];
    assert_eq!(lockout.first().map(String::as_str), Some("ac-07_odp.03"));
    assert!(lockout.iter().any(|name| name == "ac-07_odp.04"), "a choice is also set through what it leaves open");
}

#[test]
fn iso_and_cis_are_complete() {
    let iso = Frameworks::builtin().framework("iso-27001-2022").unwrap();
    let per_theme: Vec<_> =
        iso.families().iter().map(|f| iso.controls.iter().filter(|c| c.family == **f).count()).collect();
    assert_eq!(per_theme, [37, 8, 14, 34]);
    for (id, first_level) in [("cis-kubernetes-1.12", 117), ("cis-kubernetes-2.0.1", 116)] {
        assert_eq!(
            Frameworks::builtin().framework(id).unwrap().baseline("level-1").unwrap().controls.len(),
            first_level
        );
    }
}

#[test]
fn every_check_serves_nist_and_iso() {
    for check in crate::checks::built_in() {
        for framework in ["nist-800-53r5", "iso-27001-2022"] {
            let served = check.controls.iter().any(|control| control.framework() == framework);
            assert!(served, "{} serves no control of {framework}", check.id);
        }
        for control in &check.controls {
            let known = Frameworks::builtin().control(control);
            assert!(known.is_some_and(|control| !control.withdrawn), "{}: {control}", check.id);
        }
    }
}

#[test]
fn people_may_write_a_control_in_any_of_its_forms() {
    for text in
        ["nist-800-53r5:ac-6.5", "AC-6(5)", "ac-6(5)", "AC-06(05)", "AC-6 (5)", " ac-6.5 ", "NIST-800-53r5:AC-6(5)"]
    {
        assert_eq!(nist(text).unwrap().as_str(), "nist-800-53r5:ac-6.5", "{text}");
    }
    assert_eq!(nist("AC-10").unwrap().control(), "ac-10");
    assert_eq!(nist("iso-27001-2022:A.8.02").unwrap().as_str(), "iso-27001-2022:a.8.2");
    assert_eq!(
        Frameworks::builtin().resolve("5.2.10", Some("cis-kubernetes-1.12")).unwrap().as_str(),
        "cis-kubernetes-1.12:5.2.10"
    );
}

#[test]
fn unknown_controls_come_with_near_ones() {
    let error = nist("AC-99").unwrap_err();
    assert_eq!(error.to_string(), "NIST SP 800-53 Rev. 5 has no control `AC-99`");
    assert!(error.nearest().contains(&"nist-800-53r5:ac-9"), "{:?}", error.nearest());
    let error = nist("nist-800-53:ac-1").unwrap_err();
    assert_eq!(error.nearest().first(), Some(&"nist-800-53r5"));
    assert!(matches!(Frameworks::builtin().resolve("ac-1", None), Err(Unresolved::NoFramework { .. })));
    assert!(nist("").is_err());
    assert!(nist("(((0").is_err());
}

#[test]
fn controls_keep_the_order_of_the_catalog() {
    let frameworks = Frameworks::builtin();
    let mut ids = ["ac-10", "ac-2.11", "ac-2.3", "ac-2", "ac-6"].map(|id| nist(id).unwrap());
    ids.sort_by(|a, b| frameworks.compare(a, b));
    assert_eq!(ids.map(|id| id.control().to_string()), ["ac-2", "ac-2.3", "ac-2.11", "ac-6", "ac-10"]);
    let unknown = ControlId::new("other:x-1");
    assert_eq!(frameworks.compare(&unknown, &nist("ac-1").unwrap()), Ordering::Greater);
}

#[test]
fn a_workspace_adds_its_own_framework() {
    let root = tempfile::tempdir().unwrap();
    assert_eq!(Frameworks::load(Some(root.path())).unwrap().iter().count(), Frameworks::builtin().iter().count());
    let folder = root.path().join("controls/frameworks");
    std::fs::create_dir_all(&folder).unwrap();
    let own = "format = 1\n[framework]\nid = 'house'\ntitle = 'House rules'\nversion = '1'\npublisher = 'Us'\nsource = 'Us'\n\
               [[control]]\nid = 'h-1'\nlabel = 'H-1'\ntitle = 'Lock the door'\nfamily = 'House'\n\
               [[baseline]]\nname = 'all'\ncontrols = ['h-1']\n";
    std::fs::write(folder.join("house.toml"), own).unwrap();
    let frameworks = Frameworks::load(Some(root.path())).unwrap();
    assert_eq!(frameworks.resolve("H-01", Some("house")).unwrap().as_str(), "house:h-1");
    assert_eq!(frameworks.baseline("house", "all").unwrap().controls.len(), 1);

    std::fs::write(folder.join("broken.toml"), own.replace("'house'", "'nist-800-53r5'")).unwrap();
    std::fs::write(folder.join("loose.toml"), own.replace("['h-1']", "['h-2', 'h-1', 'h-1']")).unwrap();
    std::fs::write(folder.join("typo.toml"), own.replace("label", "labell")).unwrap();
    let errors = Frameworks::load(Some(root.path())).unwrap_err();
    let messages: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(messages.len(), 4, "{messages:#?}");
    assert!(messages.iter().any(|message| message.contains("exists already")));
    assert!(messages.iter().any(|message| message.contains("`h-2`, which its framework does not list")));
    assert!(messages.iter().any(|message| message.contains("`h-1` twice")));
    assert!(errors.iter().any(|error| error.span.is_some() && error.message.contains("labell")));
}
