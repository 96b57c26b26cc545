//! OSCAL there and back: what `build` exports, a workspace that knows the system and its people alone imports, and
//! exports the same.

use std::{fs, path::Path};

use crate::{
    evidence::Run,
    support::{checkout, copy, scopefence},
};

const MODELS: [&str; 3] = ["profile", "component-definition", "system-security-plan"];

fn export(workspace: &Path, out: &Path) {
    let mut command = scopefence();
    command.arg("build").arg(workspace).args(["--no-evidence", "--only", "oscal", "--out"]).arg(out);
    let run = Run::of(&mut command);
    assert_eq!(run.status, Some(0), "{}", run.err);
}

fn import(workspace: &Path, arguments: &[&str], file: &Path) -> Run {
    let mut command = scopefence();
    Run::of(command.arg("import").args(arguments).arg(file).arg("--workspace").arg(workspace))
}

/// A starter's system and people: what an import does not bring.
fn bare(starter: &str, folder: &Path) {
    fs::create_dir_all(folder.join("controls")).expect("a folder");
    let main = fs::read_to_string(checkout(starter).join("scopefence.toml")).expect("a starter");
    // The plan brings the authorizations of providers, and policies may name components, which are not there yet.
    let (before, rest) = main.split_once("[[authorization]]").unwrap_or((&main, ""));
    let rest = rest.split_once("\n\n").map_or("", |(_, rest)| rest);
    let main = format!("{before}\n{rest}");
    let main: String =
        main.lines().filter(|line| !line.starts_with("admission = ")).map(|it| format!("{it}\n")).collect();
    fs::write(folder.join("scopefence.toml"), main).expect("written");
    // Roles of users are declared beside components; the plan shows them, and no OSCAL brings back what they may do.
    for file in fs::read_dir(checkout(starter).join("scope")).expect("a starter").flatten() {
        let text = fs::read_to_string(file.path()).expect("TOML");
        let roles = text.split("\n[[").filter(|table| table.starts_with("role]]") || table.starts_with("role."));
        let roles: String = roles.map(|table| format!("[[{}\n", table.trim_end())).collect();
        if !roles.is_empty() {
            fs::create_dir_all(folder.join("scope")).expect("a folder");
            let name = file.file_name();
            fs::write(folder.join("scope").join(name), format!("format = 1\n\n{roles}")).expect("written");
        }
    }
    if checkout(starter).join("evidence").is_dir() {
        copy(&checkout(starter).join("evidence"), &folder.join("evidence"));
    }
}

#[test]
fn what_was_exported_comes_back_byte_for_byte() {
    for (starter, team) in [("scopes/compliant-kubernetes", "platform"), ("scopes/managed-cluster", "platform")] {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, second, workspace) =
            (folder.path().join("first"), folder.path().join("second"), folder.path().join("workspace"));
        export(&checkout(starter), &first);
        bare(starter, &workspace);

        let run = import(&workspace, &["profile", "--name", "ours"], &first.join("oscal/profile.json"));
        assert_eq!(run.status, Some(0), "{starter}: {}", run.err);
        assert!(run.err.contains("choose it: [baseline] framework ="), "{}", run.err);
        let framework =
            run.err.split("framework = \"").nth(1).and_then(|it| it.split('"').next()).expect("a framework");
        let choice = format!("format = 1\n\n[baseline]\nframework = \"{framework}\"\nname = \"ours\"\n");
        fs::write(workspace.join("controls/choice.toml"), choice).expect("written");
        let run = import(
            &workspace,
            &["ssp", "--own", "--team", team, "--name", "plan"],
            &first.join("oscal/system-security-plan.json"),
        );
        assert_eq!(run.status, Some(0), "{starter}: {}", run.err);
        // Statements for frameworks beside the baseline stand in the component definition alone.
        let run = import(
            &workspace,
            &["components", "--inside", "--team", team, "--name", "beside"],
            &first.join("oscal/component-definition.json"),
        );
        assert_eq!(run.status, Some(0), "{starter}: {}", run.err);

        export(&workspace, &second);
        for model in MODELS {
            let text = |out: &Path| fs::read_to_string(out.join(format!("oscal/{model}.json"))).expect("a model");
            let (went, came) = (text(&first), text(&second));
            let differs = went.lines().zip(came.lines()).position(|(went, came)| went != came);
            let line =
                |text: &str, at: usize| text.lines().skip(at.saturating_sub(3)).take(7).collect::<Vec<_>>().join("\n");
            if let Some(at) = differs {
                panic!(
                    "{starter}, {model}, line {}:\n{}\n--- came back as\n{}",
                    at + 1,
                    line(&went, at),
                    line(&came, at)
                );
            }
            assert!(went == came, "{starter}, {model}");
        }
    }
}
