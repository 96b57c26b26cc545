//! Raw tables become the model: references resolved, rules checked.
//!
//! In: raw tables of all files. Out: a [`Workspace`] and diagnostics. Steps: index every identifier (`index`), then one
//! file per part of the model. Each part checks its rules as far as what they need is there, so one run shows all
//! diagnostics.
//!
//! Invariant: where a part could not be resolved, a diagnostic says so and a placeholder stands in the model; `load`
//! hands out a workspace only when there was no error, so no placeholder ever leaves.

mod claims;
mod context;
mod controls;
mod coverage;
mod data;
mod fedramp;
mod files;
mod index;
mod leveraged;
mod origination;
mod parties;
mod plan;
mod provider;
mod raci;
mod results;
mod scope;
mod staffing;
mod system;

use std::{cell::RefCell, collections::BTreeMap, path::Path};

use chrono::NaiveDate;

use self::{context::Context, data::Data, index::Index};
use super::{Diagnostic, Level, Workspace, parse::Raw};

/// Builds the model. `None` when a part that stands once is missing.
pub(super) fn workspace(
    root: &Path,
    raw: &Raw,
    today: NaiveDate,
    complete: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Workspace> {
    let data = Data::load(root, raw, diagnostics);
    let found = RefCell::new(std::mem::take(diagnostics));
    let index = Index::new(raw, &found);
    let baseline = raw.baseline.first().and_then(|item| item.raw.framework.as_ref());
    let framework = baseline.map_or("", |framework| framework.get_ref());
    let context = Context {
        root,
        today,
        index: &index,
        data: &data,
        framework,
        fedramp: !raw.fedramp.is_empty(),
        complete,
        found: &found,
    };
    let workspace = model(&context, raw);
    if let Some(workspace) = workspace.as_ref().filter(|_| complete && sound(&found)) {
        staffing::warn(&context, workspace);
    }
    *diagnostics = found.into_inner();
    workspace
}

/// No error so far: then no placeholder stands in the model, and what follows from it can be asked.
fn sound(found: &RefCell<Vec<Diagnostic>>) -> bool {
    found.borrow().iter().all(|diagnostic| diagnostic.level() != Level::Error)
}

/// Every part in turn, also when one that stands once is missing: its absence must not hide what else is wrong.
fn model(context: &Context<'_>, raw: &Raw) -> Option<Workspace> {
    let organizations = parties::organizations(context, raw);
    let system = system::system(context, raw);
    let control = system::document_control(context, raw);
    let teams = parties::teams(context, raw);
    let people = parties::people(context, raw);
    let components = scope::components(context, raw);
    let baseline = controls::baseline(context, raw);
    let declared =
        fedramp::Declared { organizations: &organizations, teams: &teams, people: &people, components: &components };
    let fedramp = fedramp::fedramp(context, raw, &declared);
    let beside = leveraged::Beside {
        organizations: &organizations,
        teams: &teams,
        components: &components,
        system: system.as_ref(),
    };
    Some(Workspace {
        authorizations: leveraged::authorizations(context, raw, &beside),
        root: context.root.to_owned(),
        frameworks: context.data.frameworks.clone(),
        language: system::language(context, raw),
        style: system::style(context, raw, &organizations),
        policy: system::policy(context, raw),
        organizations,
        teams,
        people,
        rotas: staffing::rotas(context, raw),
        members: Vec::new(),
        grants: Vec::new(),
        results: Vec::new(),
        clusters: parties::clusters(context, raw),
        roles: parties::roles(context, raw),
        interfaces: scope::interfaces(context, raw),
        connections: scope::connections(context, raw),
        node_access: scope::node_access(context, raw),
        activities: raci::activities(context, raw),
        cryptography: scope::cryptography(context, raw),
        lifecycles: scope::lifecycles(context, raw),
        provider_settings: provider::settings(context, raw),
        assessments: scope::assessments(context, raw),
        implementations: controls::implementations(context, raw, baseline.as_ref()),
        baseline,
        checks: context.data.own_checks.clone(),
        check_overrides: controls::check_overrides(context, raw),
        exceptions: controls::exceptions(context, raw),
        poam: plan::poam(context, raw),
        fedramp,
        result_mappings: results::mappings(context, raw),
        acronyms: system::acronyms(context, raw),
        renamed: context
            .index
            .renamed
            .clone()
            .into_iter()
            .map(|((_, old), new)| (old, new))
            .collect::<BTreeMap<_, _>>(),
        sample: false,
        components,
        system: system?,
        control: control?,
    })
}
