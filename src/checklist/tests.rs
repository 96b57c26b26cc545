//! The built-in checklists are complete, and broken ones say where.

use std::path::Path;

use super::*;
use crate::frameworks::Frameworks;

#[test]
fn every_embedded_file_is_a_checklist() {
    for file in crate::embedded::CONTROLS
        .get_dir("checklists")
        .into_iter()
        .flat_map(|dir| dir.files())
        .filter(|file| crate::frameworks::is_toml(file.path()))
    {
        let parsed = read::parse(file.path(), file.contents_utf8().unwrap(), Frameworks::builtin());
        assert!(parsed.is_ok(), "{:#?}", parsed.unwrap_err());
    }
}

fn list(id: &str) -> Checklist {
    builtin().into_iter().find(|list| list.id == id).unwrap()
}

#[test]
fn the_provider_is_asked_technical_organizational_and_legal_questions() {
    let provider = list("provider");
    let sections: Vec<_> = provider.sections.iter().map(|section| section.id.as_str()).collect();
    assert_eq!(sections, ["technical", "organizational", "legal"]);
    assert_eq!(provider.questions().count(), 75);
    assert_eq!(list("application").questions().count(), 33);
}

#[test]
fn every_question_has_a_hint_and_controls_of_two_frameworks() {
    for question in builtin().iter().flat_map(Checklist::questions) {
        for framework in ["nist-800-53r5", "iso-27001-2022"] {
            assert!(question.controls.iter().any(|control| control.framework() == framework), "{}", question.id);
        }
        assert!(question.text.ends_with('?') && question.hint.ends_with('.'), "{}", question.id);
    }
}

#[test]
fn mistakes_are_all_told_at_once() {
    let text = "format = 1\n[checklist]\nid = 'mine'\ntitle = 't'\naudience = 'a'\nsummary = 's'\n\
                [[section]]\nid = 'one'\ntitle = 't'\nintro = 'i'\n\
                [[section.question]]\nid = 'Q-1'\ntext = 't'\nhint = 'h'\nanswer = 'choice'\nchoices = ['only']\n\
                [[section.question]]\nid = 'Q-1'\ntext = 't'\nhint = 'h'\nanswer = 'yes-no'\nlines = 2\n\
                controls = ['nist-800-53r5:pe-99']\n";
    let errors = read::parse(Path::new("controls/checklists/mine.toml"), text, Frameworks::builtin()).unwrap_err();
    let messages: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(messages.len(), 4, "{messages:#?}");
    assert!(messages[3].contains("did you mean `nist-800-53r5:pe-"), "{messages:#?}");
}

#[test]
fn a_workspace_replaces_a_checklist_by_its_id() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("controls/checklists");
    std::fs::create_dir_all(&folder).unwrap();
    let own = "format = 1\n[checklist]\nid = 'provider'\ntitle = 'Ours'\naudience = 'a'\nsummary = 's'\n";
    std::fs::write(folder.join("provider.toml"), own).unwrap();
    let list = load(Some(root.path()), Frameworks::builtin()).unwrap();
    assert_eq!(list.iter().filter(|list| list.id == "provider").count(), 1);
    assert!(list.iter().any(|list| list.title == "Ours"));
}
