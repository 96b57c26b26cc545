//! Whether the statements fit the baseline: controls that nobody answers, statements that nothing asks for, parameters
//! that nobody set, statuses that the fence contradicts.

use std::collections::BTreeSet;

use super::{
    super::{
        BaselineChoice, ControlId, Implementation, ImplementationStatus,
        code::Code,
        diagnostic::{Diagnostic, nearest},
        fedramp::{INDICATORS, RULES},
        parse::{Item, Raw},
        raw,
    },
    context::{Context, Table, each},
};

/// Names that one message lists.
const SHOWN: usize = 12;

/// Baseline controls without a statement, at the baseline. All in one diagnostic: a new plan lacks hundreds.
pub(super) fn gaps(context: &Context<'_>, raw: &Raw, choice: &BaselineChoice, stated: &[Implementation]) {
    let (Some(item), true) = (raw.baseline.first(), context.complete && context.data.complete) else { return };
    if raw.unreadable.contains("implementation") {
        return;
    }
    let frameworks = &context.data.frameworks;
    let stated: BTreeSet<&ControlId> = stated.iter().map(|item| &item.control).collect();
    let open: Vec<ControlId> =
        frameworks.selected(choice).into_iter().filter(|control| !stated.contains(control)).collect();
    let Some(first) = open.first() else { return };
    let table = context.table(item, "baseline", None);
    let place = item.raw.name.as_ref().map_or_else(|| table.here(), |name| table.at(name));
    let (message, label) = match open.len() {
        1 => (format!("no implementation says how {} is met", frameworks.label(first)), "one control is open"),
        count => (format!("no implementation says how {count} controls are met: {}", names(context, &open)), "not all"),
    };
    table.report(
        Diagnostic::new(Code::ControlGap, place, message, label)
            .help("add an `[[implementation]]`, or a `[[baseline.exclude]]` with a reason"),
    );
}

fn names(context: &Context<'_>, controls: &[ControlId]) -> String {
    let labels: Vec<&str> = controls.iter().take(SHOWN).map(|control| context.data.frameworks.label(control)).collect();
    match controls.len() - labels.len() {
        0 => labels.join(", "),
        more => format!("{} and {more} more", labels.join(", ")),
    }
}

/// What one statement says that the baseline, the control or the fence does not bear out.
pub(super) fn statement(
    table: &Table<'_>,
    item: &Item<raw::Implementation>,
    stated: &Implementation,
    choice: Option<&BaselineChoice>,
) {
    let context = table.context;
    let frameworks = &context.data.frameworks;
    let Some(control) = frameworks.control(&stated.control).filter(|control| !control.withdrawn) else { return };
    let named = item.raw.control.iter().chain(each(&item.raw.controls)).find(|text| {
        let default = Some(context.framework).filter(|framework| !framework.is_empty());
        frameworks.resolve(text.get_ref(), default).is_ok_and(|found| found == stated.control)
    });
    let place = named.map_or_else(|| table.here(), |text| table.at(text));
    let label = frameworks.label(&stated.control);
    if let Some(choice) = choice
        && !frameworks.selects(choice, &stated.control)
        && !(context.fedramp && [RULES, INDICATORS].contains(&stated.control.framework()))
    {
        let (message, help) = match choice.excluded.contains_key(&stated.control) {
            true => {
                (format!("{label} is left out of the baseline, and yet has an implementation"), "remove one of the two")
            }
            false => (
                format!("{label} is not in the baseline"),
                "add it with `[[baseline.add]]`, its framework with `[[baseline.beside]]`, or remove the implementation",
            ),
        };
        table.report(Diagnostic::new(Code::OutsideBaseline, place.clone(), message, "nothing asks for it").help(help));
    }
    if stated.status == ImplementationStatus::NotApplicable
        && let Some(components) = item.raw.components.as_ref().filter(|list| !list.get_ref().is_empty())
    {
        let message = format!("{label} is declared not applicable, and yet components meet it");
        table.report(
            Diagnostic::new(
                Code::StatusContradiction,
                table.at(components),
                message,
                "what does not apply is met by none",
            )
            .help("write `components = []`, or another status"),
        );
    }
    // Whoever answers a control sets its parameters: those of a provider or of the whole organization are theirs.
    let inside = |id: &str| context.index.component_fence.get(id).is_some_and(|fence| fence == "inside");
    let ours = each(&item.raw.components).any(|component| inside(component.get_ref()));
    let claimed = matches!(
        stated.status,
        ImplementationStatus::Implemented | ImplementationStatus::Partial | ImplementationStatus::Alternative
    );
    // Names of earlier releases of the catalog cover several parameters at once.
    let earlier = stated.parameters.keys().any(|name| name.contains("_prm_"));
    let set = |name: &String| stated.parameters.get(name).is_some_and(|value| !value.trim().is_empty());
    let unset: Vec<&str> = control
        .parameters
        .iter()
        .filter(|names| !names.iter().any(set))
        .filter_map(|names| names.first().map(String::as_str))
        .collect();
    if ours && claimed && !earlier && !unset.is_empty() {
        let list = unset.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let message = format!(
            "{label} leaves {list} to the organization, and nobody set {}",
            if unset.len() == 1 { "it" } else { "them" }
        );
        table.report(
            Diagnostic::new(Code::ParameterUnset, place, message, "without a value")
                .help(format!("add `parameters = {{ \"{}\" = \"…\" }}`", unset.first().copied().unwrap_or_default())),
        );
    }
}

/// Parameters that none of the controls of one table has.
pub(super) fn unknown_parameters(table: &Table<'_>, item: &Item<raw::Implementation>, controls: &[ControlId]) {
    let frameworks = &table.context.data.frameworks;
    let known: Vec<&str> = controls
        .iter()
        .filter_map(|control| frameworks.control(control))
        .flat_map(|control| control.parameters.iter().flatten().map(String::as_str))
        .collect();
    let lists = |control: &ControlId| {
        frameworks
            .framework(control.framework())
            .is_some_and(|one| one.controls.iter().any(|c| !c.parameters.is_empty()))
    };
    // A framework whose parameters are not known says nothing about names.
    if !controls.iter().all(lists) || controls.is_empty() {
        return;
    }
    for name in item.raw.parameters.iter().flatten().map(|(name, _)| name) {
        if known.contains(&name.get_ref().as_str()) || name.get_ref().contains("_prm_") {
            continue;
        }
        let message = format!("{} has no parameter `{}`", table.what(), name.get_ref());
        let diagnostic = Diagnostic::new(Code::UnknownParameter, table.at(name), message, "no such parameter");
        table.report(match nearest(name.get_ref(), known.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None if known.is_empty() => diagnostic.help("its statement leaves nothing open"),
            None => {
                let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                diagnostic.help(format!("there are {}", list.join(", ")))
            }
        });
    }
}
