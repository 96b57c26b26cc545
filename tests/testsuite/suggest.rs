//! `scopefence suggest`.

use std::fs;

use crate::evidence::Workspace;

#[test]
fn pasting_the_suggestion_makes_the_drift_go_away() {
    let workspace = Workspace::observed();
    let run = workspace.run(&["suggest"]);
    assert_eq!(run.status, Some(0), "{}", run.err);
    for expected in [
        r#"namespaces = ["lab"]"#,
        r#"helm-releases = ["notebook"]"#,
        r#"namespace-labels = { "platform.example/owner" = "ml" }"#,
        r#"names = ["odd[*][[]role]"]"#,
    ] {
        assert!(run.out.contains(expected), "{expected}: {}", run.out);
    }
    run.assert_harmless();
    fs::write(workspace.file("scope/suggested.toml"), &run.out).expect("written");
    let check = workspace.run(&["check"]);
    assert_eq!(check.status, Some(0), "{}", check.err);
    let drift = workspace.run(&["drift", "--format", "json"]).json();
    assert_eq!(drift[0]["unclaimed"].as_array().map(Vec::len), Some(0), "{drift}");
    assert_eq!(drift[0]["contested"].as_array().map(Vec::len), Some(0), "{drift}");
    // Nothing is left to suggest, and the missing component is not its business.
    let again = workspace.run(&["suggest"]);
    assert_eq!((again.status, &*again.out), (Some(0), ""));
}
