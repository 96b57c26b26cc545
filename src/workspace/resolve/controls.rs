//! What `controls/` declares: baseline, implementations, changed checks, exceptions.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use super::{
    super::{
        AttachedEvidence, BaselineChoice, Beside, CheckId, CheckOverride, ControlId, Exception, ExceptionId,
        Implementation, ImplementationStatus, Origination, ParamChange, Severity, TeamId,
        code::Code,
        diagnostic::{Diagnostic, nearest},
        parse::{Item, Raw},
        raw::{self, Text, Texts},
        source::Place,
    },
    context::{Context, Table, Words, each},
    coverage, leveraged, origination,
    system::{once, ordered},
};
use crate::checks::change::Refused;

const STATUSES: Words<ImplementationStatus> = &[
    ("implemented", ImplementationStatus::Implemented),
    ("partial", ImplementationStatus::Partial),
    ("planned", ImplementationStatus::Planned),
    ("alternative", ImplementationStatus::Alternative),
    ("not-applicable", ImplementationStatus::NotApplicable),
];

pub(super) const SEVERITIES: Words<Severity> =
    &[("low", Severity::Low), ("medium", Severity::Medium), ("high", Severity::High), ("critical", Severity::Critical)];

impl Table<'_> {
    /// A reference to a control.
    pub fn control(&self, value: &Spanned<String>) -> Option<ControlId> {
        let default = Some(self.context.framework).filter(|framework| !framework.is_empty());
        let unresolved = match self.context.data.frameworks.resolve(value.get_ref(), default) {
            Ok(control) => {
                self.not_withdrawn(value, &control);
                return Some(control);
            }
            Err(unresolved) => unresolved,
        };
        if self.context.data.complete {
            let diagnostic =
                Diagnostic::new(Code::UnknownControl, self.at(value), unresolved.to_string(), "no such control");
            let near: Vec<_> = unresolved.nearest().into_iter().map(|name| format!("`{name}`")).collect();
            self.report(match near.as_slice() {
                [] => diagnostic.help("write it with its framework, for example `nist-800-53r5:ac-6.5`"),
                near => diagnostic.help(format!("did you mean {}?", near.join(" or "))),
            });
        }
        None
    }

    fn not_withdrawn(&self, value: &Spanned<String>, control: &ControlId) {
        let frameworks = &self.context.data.frameworks;
        if frameworks.control(control).is_some_and(|found| found.withdrawn) {
            let message = format!("`{}` was withdrawn from {}", frameworks.label(control), control.framework());
            self.report(
                Diagnostic::new(Code::WithdrawnControl, self.at(value), message, "no longer in the catalog")
                    .help("name the control that it was moved into"),
            );
        }
    }

    pub fn controls(&self, values: &Texts) -> Vec<ControlId> {
        each(values).filter_map(|value| self.control(value)).collect()
    }

    fn required_control(&self, value: &Text) -> ControlId {
        self.required(value, "control").and_then(|value| self.control(value)).unwrap_or_else(|| ControlId::new(""))
    }

    /// A reference to a check.
    pub fn check(&self, value: &Spanned<String>) -> CheckId {
        let known = &self.context.data.check_ids;
        if self.context.complete && self.context.data.complete && !known.contains(value.get_ref()) {
            let message = format!("check `{}` does not exist", value.get_ref());
            let diagnostic = Diagnostic::new(Code::UnknownCheck, self.at(value), message, "no such check");
            self.report(match nearest(value.get_ref(), known.iter().map(String::as_str)) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help("checks are built in, or declared with `[[check]]` below `controls/`"),
            });
        }
        CheckId::new(value.get_ref().as_str())
    }

    fn required_check(&self, value: &Text) -> CheckId {
        self.required(value, "check").map_or_else(|| CheckId::new(""), |value| self.check(value))
    }
}

pub(super) fn baseline(context: &Context<'_>, raw: &Raw) -> Option<BaselineChoice> {
    let item = once(context, &raw.baseline, "baseline")?;
    let table = context.table(item, "baseline", None).named("the baseline");
    let raw = &item.raw;
    exists(&table, &raw.framework, &raw.name);
    if raw.name.is_none() && raw.add.as_ref().is_none_or(Vec::is_empty) {
        table.missing("name");
    }
    Some(BaselineChoice {
        framework: table.text(&raw.framework, "framework"),
        name: table.optional(&raw.name).unwrap_or_default(),
        because: table.optional(&raw.because),
        beside: raw
            .beside
            .iter()
            .flatten()
            .map(|beside| {
                let table = table.within(beside, "a further selection");
                let raw = beside.get_ref();
                exists(&table, &raw.framework, &raw.name);
                Beside {
                    framework: table.text(&raw.framework, "framework"),
                    name: table.text(&raw.name, "name"),
                    because: table.optional(&raw.because),
                }
            })
            .collect(),
        excluded: raw
            .exclude
            .iter()
            .flatten()
            .map(|exclude| {
                let table = table.within(exclude, "an exclusion");
                let raw = exclude.get_ref();
                (table.required_control(&raw.control), table.text(&raw.reason, "reason"))
            })
            .collect(),
        added: raw
            .add
            .iter()
            .flatten()
            .map(|add| table.within(add, "an addition").required_control(&add.get_ref().control))
            .collect(),
        added_because: raw
            .add
            .iter()
            .flatten()
            .filter_map(|add| {
                let table = table.within(add, "an addition");
                let reason = table.optional(&add.get_ref().reason)?;
                Some((table.required_control(&add.get_ref().control), reason))
            })
            .collect(),
    })
}

fn exists(table: &Table<'_>, framework: &Text, name: &Text) {
    let data = table.context.data;
    let (Some(framework), true) = (framework, data.complete) else { return };
    let report = |value: &Spanned<String>, message: String, names: Vec<&str>| {
        let list: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        let help = match nearest(value.get_ref(), names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", list.join(", ")),
        };
        let diagnostic = Diagnostic::new(Code::UnknownBaseline, table.at(value), message, "does not exist");
        table.report(if list.is_empty() { diagnostic } else { diagnostic.help(help) });
    };
    let Some(found) = data.frameworks.framework(framework.get_ref()) else {
        let names = data.frameworks.ids().collect();
        return report(framework, format!("framework `{}` is not known", framework.get_ref()), names);
    };
    if let Some(name) = name
        && found.baseline(name.get_ref()).is_none()
    {
        let names = found.baselines.iter().map(|baseline| baseline.name.as_str()).collect();
        report(name, format!("{} has no baseline `{}`", found.title, name.get_ref()), names);
    }
}

pub(super) fn implementations(
    context: &Context<'_>,
    raw: &Raw,
    choice: Option<&BaselineChoice>,
) -> Vec<Implementation> {
    let mut seen: BTreeMap<ControlId, Place> = BTreeMap::new();
    let mut all = Vec::new();
    for item in &raw.implementations {
        let table = context.table(item, "implementation", None);
        for implementation in implementation(context, raw, item) {
            let place = implementation.place.clone();
            match seen.get(&implementation.control) {
                _ if implementation.control.as_str().is_empty() => {}
                Some(first) => {
                    let message = format!("`{}` has two implementations", implementation.control);
                    table.report(
                        Diagnostic::new(Code::DuplicateImplementation, place, message, "the second")
                            .also(first.clone(), "the first")
                            .help("one control, one statement: name all components in one implementation"),
                    );
                }
                None => {
                    seen.insert(implementation.control.clone(), place);
                    coverage::statement(&table, item, &implementation, choice);
                }
            }
            all.push(implementation);
        }
    }
    if let Some(choice) = choice {
        coverage::gaps(context, raw, choice, &all);
    }
    all
}

/// One table: a statement for one control, or for several that the same words answer.
fn implementation(context: &Context<'_>, all: &Raw, item: &Item<raw::Implementation>) -> Vec<Implementation> {
    let raw = &item.raw;
    let named: Vec<&Spanned<String>> = raw.control.iter().chain(each(&raw.controls)).collect();
    let table = context.table(item, "implementation", None);
    let table = match named.as_slice() {
        [] => table,
        [one] => table.named(&format!("the implementation of `{}`", one.get_ref())),
        [first, ..] => table.named(&format!("the implementation of `{}` and others", first.get_ref())),
    };
    let mut controls: Vec<(ControlId, Place)> = Vec::new();
    match (&raw.control, &raw.controls) {
        (None, None) => controls.push((table.required_control(&raw.control), table.here())),
        (Some(control), Some(_)) => {
            let message = format!("{} has both `control` and `controls`", table.what());
            let diagnostic = Diagnostic::new(Code::UnknownKey, table.at(control), message, "one of them is too much");
            table.report(diagnostic.help("name all controls in `controls`"));
        }
        _ => controls.extend(named.iter().filter_map(|control| Some((table.control(control)?, table.at(control))))),
    }
    let ids: Vec<ControlId> = controls.iter().map(|(control, _)| control.clone()).collect();
    table.required(&raw.components, "components");
    let derived = origination::derive(context, &raw.components);
    let declared =
        raw.origination.as_ref().and_then(|_| table.word(&raw.origination, "origination", origination::WORDS));
    if let (Some(declared), Some(derived), Some(value)) = (declared, derived, &raw.origination) {
        origination::contradiction(&table, value, declared, derived);
    }
    let review_by = table.date(&raw.review_by, "review-by");
    table.passed(&raw.review_by, review_by, Code::ReviewOverdue, || {
        format!("the review of {} is overdue", table.what())
    });
    let attested = table.date(&raw.attested, "attested");
    if raw.attested.is_some() {
        table.required(&raw.attested_by, "attested-by");
    } else if raw.attested_by.is_some() {
        table.required(&raw.attested, "attested");
    }
    coverage::unknown_parameters(&table, item, &ids);
    let parameters = table.map(&raw.parameters);
    let components: Vec<_> = each(&raw.components).map(|component| table.component_named(component)).collect();
    let one = Implementation {
        control: ControlId::new(""),
        said_with: None,
        place: table.here(),
        narrative: table.text(&raw.narrative, "narrative"),
        status: table.word(&raw.status, "status", STATUSES).unwrap_or(ImplementationStatus::Planned),
        origination: declared.or(derived).unwrap_or(Origination::Organization),
        origination_derived: declared.is_none(),
        inherited: leveraged::inherited(&table, &raw.inherited, &components),
        components,
        team: team(&table, raw, all),
        checks: each(&raw.checks).map(|check| table.check(check)).collect(),
        parameters: BTreeMap::new(),
        evidence: raw.evidence.iter().flatten().map(|evidence| attached(&table, evidence)).collect(),
        review_by,
        attested,
        attested_by: raw.attested_by.as_ref().map(|_| table.party_on_record(&raw.attested_by, "attested-by")),
        declared_at: table.here().to_string(),
    };
    let first = controls.first().map(|(control, _)| control.clone());
    let several = controls.len() > 1;
    controls
        .into_iter()
        .map(|(control, place)| Implementation {
            said_with: first.clone().filter(|first| *first != control),
            parameters: if several { of_control(context, &control, &parameters) } else { parameters.clone() },
            control,
            place,
            ..one.clone()
        })
        .collect()
}

/// Those of the parameters of a table that this control has.
fn of_control(
    context: &Context<'_>,
    control: &ControlId,
    parameters: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let known = context.data.frameworks.control(control);
    let has = |name: &String| known.is_some_and(|known| known.parameters.iter().any(|names| names.contains(name)));
    parameters.iter().filter(|(name, _)| has(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Declared, else the single team of its components, else the system owner's.
fn team(table: &Table<'_>, raw: &raw::Implementation, all: &Raw) -> TeamId {
    if let Some(team) = &raw.team {
        return table.team_named(team);
    }
    let index = table.context.index;
    let teams: BTreeSet<&str> = each(&raw.components).filter_map(|c| index.owner(c.get_ref(), None)).collect();
    if let ([team], Some(_)) = (teams.iter().copied().collect::<Vec<_>>().as_slice(), teams.first()) {
        return TeamId::new(*team);
    }
    let owner = all.system.first().and_then(|system| system.raw.owner.as_ref()).map(|owner| owner.get_ref().as_str());
    match owner {
        Some(owner) => match owner.strip_prefix('@') {
            None => TeamId::new(owner),
            Some(person) => match index.person_teams.get(person).map(|teams| teams.first()) {
                Some(Some(team)) => TeamId::new(team.as_str()),
                // The owner is there but in no team: then nothing says who answers.
                Some(None) => {
                    table.missing("team");
                    TeamId::new("")
                }
                // The dangling owner was reported where it stands.
                None => TeamId::new(""),
            },
        },
        None => TeamId::new(""),
    }
}

fn attached(table: &Table<'_>, evidence: &Spanned<raw::Evidence>) -> AttachedEvidence {
    let table = table.within(evidence, "evidence");
    let raw = evidence.get_ref();
    let location = table.text(&raw.location, "location");
    let digest = raw.location.as_ref().filter(|_| !location.is_empty() && !is_link(&location));
    AttachedEvidence {
        title: table.text(&raw.title, "title"),
        digest: digest.and_then(|location| table.workspace_file(location)),
        date: table.date(&raw.date, "date"),
        location,
    }
}

fn is_link(location: &str) -> bool {
    location.starts_with("https://")
}

pub(super) fn check_overrides(context: &Context<'_>, raw: &Raw) -> Vec<CheckOverride> {
    raw.check_overrides
        .iter()
        .map(|item| {
            let table = context.table(item, "check override", None);
            let raw = &item.raw;
            CheckOverride {
                check: table.required_check(&raw.check),
                disabled: table.flag(&raw.disabled),
                severity: raw.severity.as_ref().and_then(|_| table.word(&raw.severity, "severity", SEVERITIES)),
                params: raw
                    .check
                    .as_ref()
                    .map_or_else(Vec::new, |check| param_changes(&table, check.get_ref(), &raw.params)),
                reason: table.text(&raw.reason, "reason"),
            }
        })
        .collect()
}

type Params = Option<BTreeMap<Spanned<String>, Spanned<toml::Value>>>;

/// New values of a check's parameters, each held against the check.
fn param_changes(table: &Table<'_>, check: &str, params: &Params) -> Vec<ParamChange> {
    // A check that there is not has been reported.
    let Some(definition) = table.context.data.definition(check) else { return Vec::new() };
    let mut changes = Vec::new();
    for (key, value) in params.iter().flatten() {
        let whole = [(key.get_ref().clone(), value.get_ref())];
        // What a check of settings expects is a table of settings.
        let entries: Vec<(String, &toml::Value)> = match value.get_ref() {
            toml::Value::Table(expect) if key.get_ref() == "expect" => {
                expect.iter().map(|(setting, value)| (format!("expect.{setting}"), value)).collect()
            }
            _ => whole.to_vec(),
        };
        for (name, new) in entries {
            match definition.with(&name, new) {
                Ok(changed) => changes.push(ParamChange {
                    value: new.clone(),
                    now: changed.param(&name).unwrap_or_default(),
                    instead_of: definition.param(&name).unwrap_or_default(),
                    name,
                }),
                Err(Refused::Wrong(why)) => {
                    let message = format!("check `{check}`: {why}");
                    table.report(Diagnostic::new(Code::WrongType, table.at(value), message, "in this value"));
                }
                Err(Refused::Unknown(known)) => {
                    let message = format!("check `{check}` has no parameter `{name}`");
                    let help = match (nearest(&name, known.iter().map(String::as_str)), known.is_empty()) {
                        (Some(meant), _) => format!("did you mean `{meant}`?"),
                        (None, true) => "it has none; what several checks compare with stands in `[policy]`".to_owned(),
                        (None, false) => format!("there are {}", known.join(", ")),
                    };
                    let place = table.at(key);
                    table.report(Diagnostic::new(Code::UnknownKey, place, message, "no such parameter").help(help));
                }
            }
        }
    }
    changes
}

pub(super) fn exceptions(context: &Context<'_>, raw: &Raw) -> Vec<Exception> {
    raw.exceptions.iter().map(|item| exception(context, item)).collect()
}

fn exception(context: &Context<'_>, item: &Item<raw::Exception>) -> Exception {
    let table = context.table(item, "exception", Some(&item.raw.id));
    let raw = &item.raw;
    table.required(&raw.expires, "expires");
    let expires = table.date(&raw.expires, "expires");
    let approved = table.date(&raw.approved, "approved");
    ordered(&table, ("approved", &raw.approved, approved), ("expires", &raw.expires, expires));
    table.passed(&raw.expires, expires, Code::ExpiredException, || format!("{} has expired", table.what()));
    let narrow = table.was_written("component", &raw.component)
        || table.was_written("namespaces", &raw.namespaces.as_ref().filter(|list| !list.get_ref().is_empty()))
        || table.was_written("objects", &raw.objects.as_ref().filter(|list| !list.get_ref().is_empty()));
    if !narrow {
        let message = format!("{} excuses every failure of its check", table.what());
        table.report(
            Diagnostic::new(Code::BroadException, table.here(), message, "no narrower scope")
                .help("add `component`, `namespaces` or `objects`"),
        );
    }
    Exception {
        id: ExceptionId::new(table.id(&raw.id)),
        check: table.required_check(&raw.check),
        component: table.optional_component(&raw.component),
        namespaces: table.globs(&raw.namespaces),
        objects: table.globs(&raw.objects),
        reason: table.text(&raw.reason, "reason"),
        owner: table.party(&raw.owner, "owner"),
        approver: table.approver(&raw.approver, approved),
        approved,
        expires: expires.unwrap_or_default(),
        compensating: table.optional(&raw.compensating),
    }
}
