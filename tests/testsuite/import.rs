//! `scopefence import groups`: lists as identity providers export them, and what the documents then say.

use std::fs;

use crate::{
    evidence::{Run, Workspace, cluster_without},
    support::scopefence,
};

/// Imports a list into a workspace; more arguments after it.
fn import(workspace: &Workspace, list: &[u8], more: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("members.csv");
    fs::write(&file, list).expect("written");
    let mut command = scopefence();
    command.args(["import", "groups"]).arg(&file).arg("--workspace").arg(workspace.path()).args(more);
    Run::of(&mut command)
}

const ENTRA: [&str; 4] = ["--source", "Entra ID", "--date", "2026-11-20"];

/// The plan as Markdown.
fn plan(workspace: &Workspace) -> String {
    let out = tempfile::tempdir().expect("a folder");
    let folder = out.path().join("out");
    let mut command = scopefence();
    command.arg("build").arg(workspace.path()).args(["--only", "ssp", "--format", "md", "--out"]).arg(&folder);
    let run = Run::of(&mut command);
    assert_eq!(run.status, Some(0), "{}", run.err);
    fs::read_to_string(folder.join("ssp.md")).expect("the plan")
}

/// A workspace with the evidence of a cluster in which a group holds rights.
fn with_a_group() -> Workspace {
    let workspace = Workspace::bare();
    let cluster = cluster_without("nothing.json");
    let binding = serde_json::json!({
        "kind": "ClusterRoleBindingList", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": { "resourceVersion": "1" },
        "items": [{
            "kind": "ClusterRoleBinding", "apiVersion": "rbac.authorization.k8s.io/v1",
            "metadata": { "name": "developers" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view" },
            "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "oidc:developers" }],
        }],
    });
    fs::write(cluster.path().join("clusterrolebindings.json"), binding.to_string()).expect("written");
    workspace.collect(cluster.path());
    workspace
}

#[test]
fn members_nested_groups_and_leavers_reach_the_plan() {
    let workspace = with_a_group();
    assert!(plan(&workspace).contains("No list of members was imported"));
    let people =
        "format = 1\n\n[[person]]\nid = \"bob\"\nname = \"Bob Byron\"\nteams = [\"platform\"]\nleft = 2026-10-31\n";
    fs::write(workspace.file("scope/people.toml"), people).expect("written");
    // A byte-order mark, semicolons, columns in another order, a group in a group.
    let list =
        "\u{feff}Person;Group\r\nAda Lovelace;backend\r\nbackend;developers\r\nBob Byron;developers\r\nEve;unused\r\n";
    let run = import(&workspace, list.as_bytes(), &[&ENTRA[..], &["--prefix", "oidc:"]].concat());
    assert_eq!(run.status, Some(0), "{}", run.err);
    assert!(run.err.contains("3 groups from Entra ID, 2026-11-20: 3 people"), "{}", run.err);
    assert!(workspace.file("evidence/groups/entra-id-2026-11-20.csv").is_file());
    let plan = plan(&workspace);
    let row = plan.lines().find(|line| line.starts_with("| `oidc:developers`")).expect("the group");
    assert!(row.contains("Ada Lovelace") && row.contains("Bob Byron left 2026-10-31"), "{row}");
    assert!(plan.contains("Supplied by Entra ID, as of 2026-11-20"));
    assert!(!plan.contains("No list of members was imported"));
}

#[test]
fn what_is_no_list_changes_nothing() {
    let workspace = Workspace::bare();
    for (list, more, says) in [
        (&b"team,who\na,b\n"[..], &ENTRA[..], "line 1: its first line needs the columns `group` and `person`"),
        (b"group,person\ndev,Ada\ndev\n", &ENTRA, "line 3: 1 cells"),
        (b"group,person\ndev,\xff\n", &ENTRA, "line 2: it is not UTF-8"),
        (b"group,person\ndev,Ada\n", &ENTRA[..2], "nothing says of which day it is"),
        (b"group,person\n\"dev,Ada\n", &ENTRA, "line 2"),
        (b"", &ENTRA, "it is empty"),
    ] {
        let run = import(&workspace, list, more);
        assert!(run.status == Some(2) && run.err.contains(says), "{says}: {:?} {}", run.status, run.err);
    }
    assert!(!workspace.file("evidence/groups").exists());
}

#[test]
fn a_list_larger_than_any_is_not_read() {
    let workspace = Workspace::bare();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("members.csv");
    // Sparse: no byte of it is written.
    fs::File::create(&path).and_then(|file| file.set_len((64 << 20) + (1 << 20))).expect("a file");
    let mut command = scopefence();
    let run =
        Run::of(command.args(["import", "groups"]).arg(&path).arg("--workspace").arg(workspace.path()).args(ENTRA));
    assert!(run.status == Some(2) && run.err.contains("it has 65 MB, and at most 64 MB are read"), "{}", run.err);
}

#[test]
fn hostile_names_stay_text() {
    let workspace = with_a_group();
    let list = "group,person\noidc:developers,\"=cmd|' /C calc'!A0\"\noidc:developers,<script>alert(1)</script>\n\
                oidc:developers,\"a\u{1b}[2Jb\"\noidc:developers,E\u{202e}ve\noidc:developers,\"| x | y\"\n";
    let run = import(&workspace, list.as_bytes(), &["--source", "../../\u{1b}[31mHR", "--date", "2026-11-20"]);
    assert_eq!(run.status, Some(0), "{}", run.err);
    run.assert_harmless();
    let stored: Vec<_> = fs::read_dir(workspace.file("evidence/groups")).expect("the folder").flatten().collect();
    assert_eq!(stored.len(), 1, "nothing is written beside it");
    let plan = plan(&workspace);
    assert!(plan.contains("E[U+202E]ve") && !plan.contains('\u{202e}') && !plan.contains('\u{1b}'));
    let plain = plan.lines().flat_map(|line| line.split('`').step_by(2)).collect::<String>();
    assert!(plan.contains("`<script>alert(1)</script>`") && !plain.contains("<script>"), "only as code");
}

#[test]
fn grants_of_another_authorizer_reach_the_plan() {
    let workspace = with_a_group();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("grants.csv");
    fs::write(&file, "kind,subject,namespace,role\nGroup,cloud-admins,,CloudAdmin\n").expect("written");
    let mut command = scopefence();
    command.args(["import", "grants"]).arg(&file).arg("--workspace").arg(workspace.path());
    command.args(["--authorizer", "Webhook", "--role", "CloudAdmin=cluster-admin"]).args(ENTRA);
    let run = Run::of(&mut command);
    assert_eq!(run.status, Some(0), "{}", run.err);
    assert!(run.err.contains("1 right by Webhook from Entra ID, 2026-11-20"), "{}", run.err);
    assert!(workspace.file("evidence/grants/entra-id-2026-11-20.csv").is_file());
    let plan = plan(&workspace);
    assert!(plan.contains("Webhook grant (Entra ID, 2026-11-20)"), "the grant is shown with its source");
    assert!(plan.contains("it is shown as Entra ID supplied it, as of 2026-11-20 (rights: 1;"));
    fs::write(&file, "kind,subject\nGroup,a\n").expect("written");
    let mut command = scopefence();
    command.args(["import", "grants"]).arg(&file).arg("--workspace").arg(workspace.path()).args(ENTRA);
    let run = Run::of(command.args(["--authorizer", "Webhook"]));
    assert!(run.status == Some(2) && run.err.contains("line 2: it grants nothing"), "{}", run.err);
}
