//! What `[[authorization]]` declares: authorizations of providers that this system builds on, and what a provider
//! provides for a control and leaves to us (`[[implementation.inherited]]`).

use std::collections::BTreeMap;

use toml::Spanned;

use super::{
    super::{
        Authorization, ComponentId, Fence, Impact, Inherited, Organization, OrganizationKind, System, Team,
        code::Code,
        diagnostic::Diagnostic,
        model::Component,
        parse::{Item, Raw},
        raw::{self, Date, Text},
        source::Place,
    },
    context::{Context, Table, each},
    system::{IMPACTS, ordered},
};

/// The parts of the model that an authorization is held against.
pub(super) struct Beside<'m> {
    pub organizations: &'m [Organization],
    pub teams: &'m [Team],
    pub components: &'m [Component],
    pub system: Option<&'m System>,
}

pub(super) fn authorizations(context: &Context<'_>, raw: &Raw, beside: &Beside<'_>) -> Vec<Authorization> {
    let mut covered = BTreeMap::new();
    raw.authorizations.iter().map(|item| authorization(context, item, beside, &mut covered)).collect()
}

fn authorization(
    context: &Context<'_>,
    item: &Item<raw::Authorization>,
    beside: &Beside<'_>,
    covered: &mut BTreeMap<ComponentId, (String, Place)>,
) -> Authorization {
    let table = context.table(item, "authorization", Some(&item.raw.id));
    let raw = &item.raw;
    let organization = table.required(&raw.organization, "organization").map(|value| table.organization(value));
    let provider = organization.as_ref().and_then(|id| beside.organizations.iter().find(|it| it.id == *id));
    if let (Some(own), Some(value)) = (provider.filter(|it| it.kind == OrganizationKind::Own), &raw.organization) {
        let message = format!("{} is one of our own, `{}`", table.what(), own.id);
        table.report(
            Diagnostic::new(Code::AuthorizationElsewhere, table.at(value), message, "nobody to inherit from")
                .help("name the supplier whose authorized system this one builds on"),
        );
    }
    table.required(&raw.authorized, "authorized");
    let (authorized, expires) = (table.date(&raw.authorized, "authorized"), table.date(&raw.expires, "expires"));
    ordered(&table, ("authorized", &raw.authorized, authorized), ("expires", &raw.expires, expires));
    ahead(&table, &raw.authorized, authorized);
    table.passed(&raw.expires, expires, Code::ExpiredAuthorization, || format!("{} has expired", table.what()));
    let impact = raw.impact.as_ref().and_then(|_| table.word(&raw.impact, "impact", IMPACTS));
    too_low(&table, &raw.impact, impact, beside.system);
    let of_provider = |component: &Component| {
        let team = beside.teams.iter().find(|team| team.id == component.team);
        component.fence == Fence::Outside && team.map(|team| &team.organization) == organization.as_ref()
    };
    let id = table.id(&raw.id);
    let mut components = Vec::new();
    let named: Vec<(ComponentId, Place)> = match &raw.components {
        Some(_) => each(&raw.components).map(|value| (table.component_named(value), table.at(value))).collect(),
        None => {
            let all = beside.components.iter().filter(|component| of_provider(component));
            all.map(|component| (component.id.clone(), table.here())).collect()
        }
    };
    for (component, place) in named {
        let declared = beside.components.iter().find(|it| it.id == component);
        if declared.is_some_and(|declared| !of_provider(declared)) && provider.is_some() {
            let message = format!("{} covers `{component}`, which is not the provider's", table.what());
            let label = "inside the fence, or of a team of another organization";
            table.report(
                Diagnostic::new(Code::AuthorizationElsewhere, place.clone(), message, label)
                    .help("name components outside the fence whose team belongs to `organization`"),
            );
        }
        if let Some((first, at)) = covered.get(&component) {
            let message = format!("`{component}` is covered by two authorizations, `{first}` and `{id}`");
            table.report(
                Diagnostic::new(Code::AuthorizationElsewhere, place, message, "the second")
                    .also(at.clone(), "the first")
                    .help("name in `components` what each of them covers"),
            );
            continue;
        }
        covered.insert(component.clone(), (id.clone(), place));
        components.push(component);
    }
    Authorization {
        id,
        organization: organization.unwrap_or_else(|| super::super::OrganizationId::new("")),
        title: table.text(&raw.title, "title"),
        identifier: table.optional(&raw.identifier),
        authorized: authorized.unwrap_or_default(),
        expires,
        impact,
        plan: table.optional(&raw.plan),
        components,
    }
}

fn ahead(table: &Table<'_>, value: &Date, date: Option<chrono::NaiveDate>) {
    if let (Some(value), Some(date)) = (value, date)
        && date > table.context.today
    {
        let message = format!("{} is dated in the future", table.what());
        let label = format!("after today, {}", table.context.today);
        table.report(
            Diagnostic::new(Code::AuthorizationAhead, table.at(value), message, label)
                .help("nothing is inherited before it is authorized: give the date of the decision"),
        );
    }
}

/// A system is not authorized on the back of one that was authorized for less.
fn too_low(table: &Table<'_>, value: &Text, impact: Option<Impact>, system: Option<&System>) {
    let (Some(value), Some(impact), Some(system)) = (value, impact, system) else { return };
    let wanted = system.categorization.overall();
    if impact < wanted {
        let word = |wanted: Impact| IMPACTS.iter().find(|(_, it)| *it == wanted).map_or("", |(word, _)| *word);
        let message = format!("{} is for impact {}, this system's is {}", table.what(), word(impact), word(wanted));
        table.report(
            Diagnostic::new(Code::AuthorizationTooLow, table.at(value), message, "lower than the system")
                .help("say in the statements what makes up for it, or build on an authorization as high"),
        );
    }
}

/// What providers provide for one implementation, and leave to us. `components` are those of the implementation.
pub(super) fn inherited(
    table: &Table<'_>,
    list: &raw::Tables<raw::Inherited>,
    components: &[ComponentId],
) -> Vec<Inherited> {
    list.iter().flatten().map(|item| one(table, item, components)).collect()
}

fn one(implementation: &Table<'_>, item: &Spanned<raw::Inherited>, components: &[ComponentId]) -> Inherited {
    let table = implementation.within(item, "an `inherited`");
    let raw = item.get_ref();
    let component = table.component(&raw.component, "component");
    if let Some(value) = raw.component.as_ref().filter(|_| !components.contains(&component)) {
        let message = format!("{} is of `{component}`, which the implementation does not name", table.what());
        table.report(
            Diagnostic::new(Code::DanglingReference, table.at(value), message, "not among its `components`")
                .help(format!("add `{component}` to `components`")),
        );
    }
    let (provided, responsibility) = (table.optional(&raw.provided), table.optional(&raw.responsibility));
    if provided.is_none() && responsibility.is_none() {
        let message = format!("{} has neither `provided` nor `responsibility`", table.what());
        table.report(
            Diagnostic::new(Code::MissingKey, table.here(), message, "what is inherited?")
                .help("say what the provider provides, or what it leaves to us"),
        );
    }
    let satisfied = table.optional(&raw.satisfied);
    match (&responsibility, &satisfied, &raw.satisfied) {
        (Some(_), None, _) => {
            let message = format!("{} leaves something to us that nobody answers", implementation.what());
            let place = raw.responsibility.as_ref().map_or_else(|| table.here(), |value| table.at(value));
            table.report(
                Diagnostic::new(Code::ResponsibilityUnanswered, place, message, "who does it, and how?")
                    .help("add `satisfied = \"…\"`: how we do what the provider leaves to us"),
            );
        }
        (None, Some(_), Some(value)) => {
            let message = format!("{} answers what nobody asks", table.what());
            table.report(
                Diagnostic::new(Code::MissingKey, table.at(value), message, "of which `responsibility`?")
                    .help("add `responsibility`: what the provider leaves to us"),
            );
        }
        _ => {}
    }
    Inherited {
        component,
        provided,
        provided_uuid: uuid(&table, &raw.provided_uuid, "provided-uuid"),
        responsibility,
        responsibility_uuid: uuid(&table, &raw.responsibility_uuid, "responsibility-uuid"),
        satisfied,
    }
}

/// An identifier of somebody's OSCAL: a UUID (RFC 9562), in lower case.
pub(super) fn uuid(table: &Table<'_>, value: &Text, key: &str) -> Option<String> {
    let value = value.as_ref()?;
    let text = value.get_ref().trim();
    let sound = uuid::Uuid::try_parse(text).is_ok() && text.len() == 36;
    if !sound {
        let message = format!("`{key}` cannot be `{text}`");
        table.report(
            Diagnostic::new(Code::UnknownValue, table.at(value), message, "not a UUID")
                .help("copy it from the provider's OSCAL file: `11111111-0000-4000-9009-002001001001`"),
        );
    }
    Some(text.to_ascii_lowercase())
}
