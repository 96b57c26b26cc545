//! Typed nodes: what templates place with `{{ node(name="…") }}`.
//!
//! In: the [`Ctx`] of the build and the [`Place`] in a document. Out: blocks. One file a family; a node is a function
//! of the family's file and a line in [`NODES`].

mod access;
pub(super) mod acronyms;
mod admission;
mod answer;
mod applicability;
mod assessment;
mod backups;
mod checklist;
mod configuration;
mod control_plane;
mod controls;
mod crypto;
mod declared;
mod delivery;
mod evidence;
mod exposure;
mod facts;
mod hardening;
mod inventory;
mod leveraged;
mod matrix;
mod members;
mod mesh;
mod monitoring;
mod network;
mod observed;
mod pack;
mod paths;
mod people;
mod poam;
mod posture;
mod privilege;
mod raci;
pub(super) mod reading;
mod remedies;
mod responsibility;
mod results;
mod scope;
mod storage;
mod supply;
mod support;
mod system;
mod table;
mod team;
mod tenancy;
mod trend;
mod vulnerabilities;
mod workload;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Mutex,
};

use table::{Grid, Head};

use super::{
    parse::{self, Anchors, Origin},
    templates::Templates,
    texts::Texts,
    tree::{Block, Inline, Target, Tone},
    words,
};
use crate::{
    assess::{self, Assessment, Check, CheckResult, ControlPosture, Outcome, Plan},
    checklist::Checklist,
    frameworks::Frameworks,
    workspace::{
        CheckId, Component, ComponentId, ControlId, Implementation, Party, Side, Team, TeamId, Workspace,
        staffing::{self, Staffing},
    },
};

type Build = fn(&Ctx<'_>, &mut Place<'_>) -> Result<Vec<Block>, String>;

/// The registry, sorted by name.
const NODES: &[(&str, Build)] = &[
    ("access-accounts", declared::accounts),
    ("access-all-accounts", declared::all_accounts),
    ("access-declared", declared::comparison),
    ("access-escalations", privilege::escalations),
    ("access-loose", privilege::loose),
    ("access-roles", access::roles),
    ("access-summary", access::summary),
    ("access-verbs", access::verbs),
    ("access-wide", privilege::wide),
    ("acronyms", acronyms::place),
    ("admission", admission::admission),
    ("applicability", applicability::statement),
    ("applicability-overview", applicability::overview),
    ("availability", supply::availability),
    ("backups", backups::all),
    ("baseline", controls::baseline),
    ("blast-radius", tenancy::blast_radius),
    ("brief-backups", backups::of_team),
    ("brief-components", team::components),
    ("brief-commands", access::of_team),
    ("brief-contact", team::contact),
    ("brief-findings", team::findings),
    ("authorizations", leveraged::authorizations),
    ("brief-people", people::of_team),
    ("brief-posture", posture::of_team),
    ("brief-remedies", remedies::of_team),
    ("brief-rows", team::rows),
    ("brief-they-call", team::they_call),
    ("brief-trend", trend::of_team),
    ("brief-vulnerabilities", vulnerabilities::of_team),
    ("brief-we-call", team::we_call),
    ("categorization", system::categorization),
    ("certificates", crypto::certificates),
    ("checklist", checklist::checklist),
    ("checks", assessment::checks),
    ("clusters", system::clusters),
    ("components", inventory::components),
    ("connections", network::connections),
    ("connections-policies", paths::glance),
    ("container-fields", hardening::fields),
    ("container-security", hardening::matrix),
    ("contacts", system::contacts),
    ("control-gaps", controls::gaps),
    ("control-overview", controls::overview),
    ("api-certificate", control_plane::certificate),
    ("control-plane", control_plane::settings),
    ("controls", controls::statements),
    ("cryptography", crypto::declared),
    ("delivery", delivery::summary),
    ("delivery-outside", delivery::outside),
    ("encryption-at-rest", control_plane::encryption),
    ("endpoint", control_plane::endpoint),
    ("evidence-attached", evidence::attached),
    ("evidence-lists", evidence::lists),
    ("evidence-snapshots", evidence::snapshots),
    ("exceptions", assessment::exceptions),
    ("exposure", exposure::ways),
    ("facts", facts::table),
    ("fence", scope::fence),
    ("findings", assessment::findings),
    ("findings-by-check", assessment::by_check),
    ("glance", system::glance),
    ("group-members", members::members),
    ("identification", system::identification),
    ("image-signatures", supply::signatures),
    ("images", configuration::images),
    ("inside", scope::inside),
    ("interfaces", scope::interfaces),
    ("key-dates", system::dates),
    ("kubelets", control_plane::kubelets),
    ("left-to-us", leveraged::responsibilities),
    ("laws", system::laws),
    ("matrix-components", matrix::components),
    ("matrix-controls", matrix::controls),
    ("matrix-overview", matrix::overview),
    ("matrix-sources", matrix::sources),
    ("mesh", mesh::mesh),
    ("monitoring", monitoring::monitoring),
    ("namespaces", network::namespaces),
    ("narrative", narrative),
    ("network-accepting", paths::accepting),
    ("network-held", paths::held),
    ("network-matrix", paths::matrix),
    ("network-paths", paths::connections),
    ("network-plugins", paths::plugins),
    ("network-policies", network::policies),
    ("node-access", access::node_access),
    ("node-pools", tenancy::pools),
    ("nodes", configuration::nodes),
    ("organizations", system::organizations),
    ("outside", scope::outside),
    ("other-tools-disagreements", results::disagreements),
    ("other-tools-files", results::files),
    ("other-tools-open", results::open),
    ("other-tools-rules", results::rules),
    ("ownership", inventory::ownership),
    ("pack-controls", pack::controls),
    ("party", system::party),
    ("people-able", people::able),
    ("people-activities", people::activities),
    ("people-away", people::away),
    ("people-calls", people::calls),
    ("people-contact", people::contact),
    ("people-glance", people::glance),
    ("people-load", people::load),
    ("people-matrix", people::matrix),
    ("people-nights", people::nights),
    ("people-thin", people::thin),
    ("people-undeclared", people::undeclared),
    ("pod-security", hardening::by_namespace),
    ("pod-security-violations", hardening::violations),
    ("poam-closed", poam::closed),
    ("poam-open", poam::open),
    ("poam-orphans", poam::orphans),
    ("poam-sheet", poam::sheet),
    ("poam-summary", poam::summary),
    ("posture", pack::posture),
    ("posture-due", posture::due),
    ("posture-frameworks", posture::frameworks),
    ("posture-teams", posture::teams),
    ("provider-settings", control_plane::provider),
    ("quotas", supply::quotas),
    ("raci", raci::matrix),
    ("raci-because", raci::because),
    ("raci-detail", raci::detail),
    ("reading-paths", reading::paths),
    ("recurring", assessment::recurring),
    ("responsibility-authorizations", leveraged::handed_out),
    ("responsibility-interfaces", responsibility::interfaces),
    ("responsibility-matrix", responsibility::matrix),
    ("responsibility-parties", responsibility::parties),
    ("scope-answer", scope::answer),
    ("secret-stores", supply::stores),
    ("secret-use", supply::secrets),
    ("signatures", scope::signatures),
    ("software", configuration::software),
    ("status", system::status),
    ("storage", storage::classes),
    ("suppliers", system::suppliers),
    ("team-briefs", team::list),
    ("teams", team::all),
    ("trend", trend::all),
    ("undeclared-paths", paths::undeclared),
    ("unlimited", supply::unlimited),
    ("verb-matrix", privilege::matrix),
    ("versions", support::versions),
    ("vulnerabilities", vulnerabilities::by_component),
    ("vulnerability-reports", vulnerabilities::reports),
    ("workloads", inventory::workloads),
    ("workloads-summary", inventory::summary),
];

/// Whether there is a node of this name.
pub(super) fn exists(name: &str) -> bool {
    NODES.iter().any(|(known, _)| *known == name)
}

/// The name most like this one.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let best =
        NODES.iter().map(|(known, _)| (strsim::jaro_winkler(name, known), *known)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness > 0.7).map(|(_, known)| known)
}

/// Builds a node.
pub(super) fn build(ctx: &Ctx<'_>, name: &str, mut place: Place<'_>) -> Result<Vec<Block>, String> {
    match NODES.iter().find(|(known, _)| *known == name) {
        Some((_, build)) => build(ctx, &mut place),
        None => Err("there is no such node".to_owned()),
    }
}

/// Where a node stands.
pub(super) struct Place<'a> {
    /// Anchors of the document.
    pub(super) anchors: &'a mut Anchors,
    /// Level of the heading above.
    pub(super) level: u8,
    /// Arguments of the call, as text.
    pub(super) arguments: &'a BTreeMap<String, String>,
    /// The team of a document made per team.
    pub(super) team: Option<&'a Team>,
    /// The framework of a document about one.
    pub(super) framework: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// An argument that the node cannot do without.
    pub(super) fn argument(&self, name: &str) -> Result<&'a str, String> {
        self.arguments.get(name).map(String::as_str).ok_or_else(|| format!("the argument `{name}` is missing"))
    }

    /// The team of the document.
    pub(super) fn team(&self) -> Result<&'a Team, String> {
        self.team.ok_or_else(|| "it needs a document that is made once a team (`per = \"team\"`)".to_owned())
    }

    /// The framework of the document.
    pub(super) fn framework(&self) -> Result<&'a str, String> {
        self.framework.ok_or_else(|| "it needs a document about a framework (`per` or `framework`)".to_owned())
    }

    /// A heading one level below the one above.
    pub(super) fn heading(&mut self, below: u8, id: &str, text: Vec<Inline>) -> Block {
        Block::Heading { level: (self.level + below).min(6), id: self.anchors.claim(id), text }
    }

    /// A Markdown field of the workspace, as blocks.
    pub(super) fn narrative(&mut self, ctx: &Ctx<'_>, markdown: &str) -> Vec<Block> {
        parse::blocks(markdown, Origin::Narrative { root: &ctx.ws.root, under: self.level }, self.anchors)
    }
}

/// What all nodes of a build share.
pub(super) struct Ctx<'a> {
    pub(super) ws: &'a Workspace,
    pub(super) assessment: &'a Assessment,
    /// What is to be done about the findings.
    pub(super) plan: Plan<'a>,
    /// Who can handle what, at the assessment's date.
    pub(super) staffing: Staffing<'a>,
    pub(super) t: &'a Texts,
    pub(super) acronyms: &'a BTreeMap<String, String>,
    pub(super) frameworks: &'a Frameworks,
    /// Frameworks that implementations answer for.
    pub(super) stated: Vec<&'a str>,
    pub(super) checklists: &'a [Checklist],
    pub(super) reading: &'a [super::templates::ReadingPath],
    /// Words and titles of the documents listed before this one.
    pub(super) counted: Mutex<reading::Counted>,
    /// Look-up only: iteration order never reaches a document.
    team_index: HashMap<&'a str, usize>,
    component_index: HashMap<&'a str, usize>,
    posture_index: HashMap<&'a str, usize>,
    implementation_index: HashMap<&'a str, usize>,
    check_index: HashMap<&'a str, usize>,
}

impl<'a> Ctx<'a> {
    pub(super) fn new(
        ws: &'a Workspace,
        assessment: &'a Assessment,
        frameworks: &'a Frameworks,
        checklists: &'a [Checklist],
        templates: &'a Templates,
    ) -> Self {
        let stated: BTreeSet<&str> = ws.implementations.iter().map(|item| item.control.framework()).collect();
        Self {
            ws,
            assessment,
            plan: assess::plan(ws, assessment),
            staffing: staffing::staffing(ws, assessment.as_of.map(|time| time.date_naive())),
            frameworks,
            stated: stated.into_iter().collect(),
            checklists,
            reading: &templates.reading,
            counted: Mutex::default(),
            t: &templates.texts,
            acronyms: &templates.acronyms,
            team_index: index(ws.teams.iter().map(|team| team.id.as_str())),
            posture_index: index(assessment.controls.iter().map(|posture| posture.control.as_str())),
            implementation_index: index(ws.implementations.iter().map(|item| item.control.as_str())),
            check_index: index(assessment.checks.iter().map(|check| check.id.as_str())),
            component_index: index(ws.components.iter().map(|item| item.id.as_str())),
        }
    }

    /// Whether any snapshot stands behind the assessment.
    pub(super) fn observed(&self) -> bool {
        !self.assessment.clusters.is_empty()
    }

    /// Where a control stands, if anything is known of it.
    pub(super) fn posture(&self, control: &ControlId) -> Option<&'a ControlPosture> {
        self.posture_index.get(control.as_str()).map(|index| &self.assessment.controls[*index])
    }

    /// How a control is met, if the workspace says.
    pub(super) fn implementation(&self, control: &ControlId) -> Option<&'a Implementation> {
        self.implementation_index.get(control.as_str()).map(|index| &self.ws.implementations[*index])
    }

    /// The controls of a framework that the workspace chose, in catalog order.
    pub(super) fn selected(&self, framework: &str) -> Vec<ControlId> {
        self.ws.baseline.as_ref().map(|choice| self.frameworks.selected_in(choice, framework)).unwrap_or_default()
    }

    /// A check in force.
    pub(super) fn check(&self, id: &CheckId) -> Option<&'a Check> {
        self.check_index.get(id.as_str()).map(|index| &*self.assessment.checks[*index])
    }

    /// Title of a check; its identifier when it is not in force.
    pub(super) fn check_title<'c>(&self, id: &'c CheckId) -> &'c str
    where
        'a: 'c,
    {
        self.check(id).map_or(id.as_str(), |check| check.title.as_str())
    }

    /// What a check said, one result a cluster.
    pub(super) fn results(&self, id: &CheckId) -> impl Iterator<Item = &'a CheckResult> {
        let results = &self.assessment.results;
        let start = results.partition_point(|result| result.check < *id);
        let id = id.clone();
        results[start..].iter().take_while(move |result| result.check == id)
    }

    /// A control as its publisher writes it, with its title: `AC-6(5) Privileged Accounts`.
    pub(super) fn control(&self, id: &ControlId) -> String {
        match self.frameworks.control(id) {
            Some(control) => format!("{} {}", self.label(id), control.title),
            None => id.control().to_owned(),
        }
    }

    /// A control's label, with its framework where labels of several look alike: `AC-6(5)`, `CIS 5.2.7`, `ISO A.8.2`.
    pub(super) fn label(&self, id: &ControlId) -> String {
        let label = self.frameworks.label(id);
        match self.frameworks.framework(id.framework()).map(|framework| framework.prefix.as_str()) {
            None | Some("") => label.to_owned(),
            Some(prefix) => format!("{prefix} {label}"),
        }
    }

    /// Controls as labels, each linked to its section of the audit pack.
    pub(super) fn controls(&self, ids: &[ControlId]) -> Vec<Inline> {
        let link = |id: &ControlId| Inline::Link {
            target: Target::Document("audit-pack".to_owned(), Some(controls::anchor(id))),
            text: vec![Inline::text(self.label(id))],
        };
        join(ids.iter().map(link), ", ")
    }

    /// The time that fixes the content, as text.
    pub(super) fn as_of(&self) -> String {
        self.assessment.as_of.map_or_else(|| self.t.t("control.no_time").to_owned(), words::time)
    }

    pub(super) fn text(&self, key: &str) -> Inline {
        Inline::text(self.t.t(key))
    }

    /// A paragraph of prose by key.
    pub(super) fn paragraph(&self, key: &str) -> Block {
        Block::Paragraph { text: spans(self.t.t(key)) }
    }

    pub(super) fn component(&self, id: &ComponentId) -> &'a Component {
        match self.component_index.get(id.as_str()) {
            Some(index) => &self.ws.components[*index],
            None => self.ws.component(id),
        }
    }

    /// A team, in its colour.
    pub(super) fn team(&self, id: &TeamId) -> Inline {
        let index = self.team_index.get(id.as_str()).copied().unwrap_or_default();
        Inline::Team { index, text: self.ws.team(id).name.clone() }
    }

    /// Teams, separated by commas.
    pub(super) fn teams<'b>(&self, ids: impl IntoIterator<Item = &'b TeamId>) -> Vec<Inline> {
        join(ids.into_iter().map(|id| self.team(id)), ", ")
    }

    /// A component, linked to its row in the scope statement.
    pub(super) fn component_link(&self, id: &ComponentId) -> Inline {
        Inline::Link {
            target: Target::Document("scope".to_owned(), Some(component_anchor(id))),
            text: vec![Inline::text(&*self.component(id).title)],
        }
    }

    pub(super) fn side(&self, side: &Side) -> Inline {
        match side {
            Side::Component(id) => self.component_link(id),
            Side::Team(id) => self.team(id),
        }
    }

    /// A person with title, or a team.
    pub(super) fn party(&self, party: &Party) -> Inline {
        match party {
            Party::Team(id) => self.team(id),
            Party::Person(id) => {
                let person = self.ws.person(id);
                Inline::text(match &person.title {
                    Some(title) => format!("{}, {title}", person.name),
                    None => person.name.clone(),
                })
            }
        }
    }

    pub(super) fn outcome(&self, outcome: Outcome) -> Inline {
        let (tone, key) = words::outcome(outcome);
        self.badge(tone, key)
    }

    pub(super) fn badge(&self, tone: Tone, key: &str) -> Inline {
        Inline::Badge { tone, text: self.t.t(key).to_owned() }
    }
}

fn index<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    names.enumerate().map(|(index, name)| (name, index)).collect()
}

/// Anchor of a component's row in the scope statement.
pub(super) fn component_anchor(id: &ComponentId) -> String {
    format!("component-{id}")
}

/// Inlines with text between them.
pub(super) fn join(inlines: impl IntoIterator<Item = Inline>, separator: &str) -> Vec<Inline> {
    let mut out = Vec::new();
    for inline in inlines {
        if !out.is_empty() {
            out.push(Inline::text(separator));
        }
        out.push(inline);
    }
    out
}

/// A sentence of the program or its data in which `names` stand between backticks. An odd number of them is text.
fn spans(text: &str) -> Vec<Inline> {
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return vec![Inline::text(text)];
    }
    let inline = |(index, piece): (usize, &&str)| match index % 2 {
        0 => Inline::text(*piece),
        _ => Inline::code(*piece),
    };
    pieces.iter().enumerate().filter(|(_, piece)| !piece.is_empty()).map(inline).collect()
}

/// `node(name="narrative", of="system.purpose")`: a Markdown field of the workspace, or a sentence that it is empty.
fn narrative(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let system = &ctx.ws.system;
    let markdown = match place.argument("of")? {
        "system.purpose" => &system.purpose,
        "system.environment" => &system.environment,
        "system.boundary" => &system.boundary,
        "system.categorization.rationale" => &system.categorization.rationale,
        other => return Err(format!("the workspace has no Markdown field `{other}`")),
    };
    Ok(match markdown.trim() {
        "" => match place.arguments.get("empty") {
            Some(key) => vec![ctx.paragraph(key)],
            None => Vec::new(),
        },
        markdown => place.narrative(ctx, markdown),
    })
}

/// A list of terms from keys and inline text; those without text are left out.
fn terms(ctx: &Ctx<'_>, items: impl IntoIterator<Item = (&'static str, Vec<Inline>)>) -> Block {
    let items = items.into_iter().filter(|(_, text)| !text.is_empty());
    Block::Terms { items: items.map(|(key, text)| (vec![ctx.text(key)], vec![Block::Paragraph { text }])).collect() }
}

/// Plain text, or nothing.
fn words_or_nothing(text: &str) -> Vec<Inline> {
    if text.trim().is_empty() { Vec::new() } else { vec![Inline::text(text)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_node_hides_behind_another_of_its_name() {
        let names: BTreeSet<&str> = NODES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), NODES.len());
    }
}
