//! `scopefence suggest`: claims for what nobody claims, as TOML to paste.

use std::path::PathBuf;

use clap::Args;

use super::{
    Exit, Failure, Ui,
    evidence::{Evidence, EvidenceArguments, escaped, quoted},
    workspace::load,
};
use crate::{
    assess::suggest::{Draft, suggest},
    ownership::join,
    workspace::{Claim, Component},
};

/// Draft claims for unclaimed objects
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of the workspace; the nearest one upward unless given
    dir: Option<PathBuf>,
    #[command(flatten)]
    evidence: EvidenceArguments,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Result<Exit, Failure> {
    let Some(mut workspace) = load(arguments.dir.as_deref(), ui)? else { return Ok(Exit::BadNews) };
    let evidence = Evidence::need(&workspace.root, &arguments.evidence.evidence, ui)?;
    let mut text = String::from("format = 1\n");
    let mut drafted = 0;
    for snapshot in &evidence.snapshots {
        let drafts = suggest(&join(&workspace, snapshot));
        if evidence.snapshots.len() > 1 && !drafts.is_empty() {
            text.push_str(&format!("\n# Cluster {}\n", escaped(&snapshot.header.cluster.id)));
        }
        drafted += drafts.len();
        for draft in &drafts {
            // A team that bears the draft's name, as an owner label does; else somebody has to decide.
            let named = workspace.teams.iter().find(|team| team.id.as_str() == draft.id);
            let Some(team) = named.or(workspace.teams.first()).map(|team| team.id.clone()) else { continue };
            let component = draft.component(&team);
            text.push_str(&toml(draft, &component, named.is_some()));
            // The next cluster sees what this one's drafts take.
            workspace.components.push(component);
        }
    }
    if drafted == 0 {
        ui.note("every object that was read has an owner: there is nothing to suggest");
        return Ok(Exit::Fine);
    }
    ui.note("decide for each draft: title, team, side of the fence; then save it below scope/");
    ui.print(text.trim_end());
    Ok(Exit::Fine)
}

fn toml(draft: &Draft, component: &Component, team_known: bool) -> String {
    let objects = if draft.objects == 1 { "1 object".to_owned() } else { format!("{} objects", draft.objects) };
    let mut text = format!("\n# From {}: {objects}\n[[component]]\n", escaped(&draft.from));
    let decide = "  # to be decided";
    for (key, value, remark) in [
        ("id", component.id.as_str(), ""),
        ("title", &*component.title, ""),
        ("group", &*component.group, ""),
        ("fence", "outside", decide),
        ("team", component.team.as_str(), if team_known { "" } else { decide }),
        ("description", &*component.description, ""),
    ] {
        text.push_str(&format!("{key} = {}{remark}\n", quoted(value)));
    }
    for claim in &draft.claims {
        text.push_str("\n[[component.claim]]\n");
        let Claim {
            namespaces, namespace_labels, labels, api_groups, kinds, names, helm_releases, applications, ..
        } = claim;
        let lists = [
            ("namespaces", namespaces),
            ("api-groups", api_groups),
            ("kinds", kinds),
            ("names", names),
            ("helm-releases", helm_releases),
            ("applications", applications),
        ];
        for (key, values) in lists.into_iter().filter(|(_, values)| !values.is_empty()) {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            text.push_str(&format!("{key} = [{}]\n", values.join(", ")));
        }
        for (key, map) in [("namespace-labels", namespace_labels), ("labels", labels)] {
            if !map.is_empty() {
                let pairs: Vec<String> =
                    map.iter().map(|(label, value)| format!("{} = {}", quoted(label), quoted(value))).collect();
                text.push_str(&format!("{key} = {{ {} }}\n", pairs.join(", ")));
            }
        }
    }
    text
}
