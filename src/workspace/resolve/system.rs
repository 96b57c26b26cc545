//! The tables that stand once: system, document control, style, policy, acronyms.

use std::{collections::BTreeMap, path::PathBuf};

use chrono::NaiveDate;

use super::{
    super::{
        ACCENT, Categorization, Color, Contact, DedicatedNodes, DocumentControl, Impact, InformationType, Law,
        OperationalStatus, Organization, OrganizationKind, Paper, Policy, Revision, Severity, StaffingPolicy, Style,
        System, SystemKind,
        code::Code,
        diagnostic::Diagnostic,
        parse::{Item, Raw},
        raw::{self, Text},
        source::Place,
    },
    context::{Context, Table, Words},
};

pub(super) const IMPACTS: Words<Impact> =
    &[("low", Impact::Low), ("moderate", Impact::Moderate), ("high", Impact::High)];

const STATUSES: Words<OperationalStatus> = &[
    ("operational", OperationalStatus::Operational),
    ("under-development", OperationalStatus::UnderDevelopment),
    ("under-major-modification", OperationalStatus::UnderMajorModification),
    ("disposition", OperationalStatus::Disposition),
    ("other", OperationalStatus::Other),
];

const KINDS: Words<SystemKind> = &[
    ("general-support-system", SystemKind::GeneralSupportSystem),
    ("major-application", SystemKind::MajorApplication),
    ("minor-application", SystemKind::MinorApplication),
];

const PAPERS: Words<Paper> = &[("a4", Paper::A4), ("letter", Paper::Letter)];

/// The first of the tables that may stand once; the others are reported.
pub(super) fn once<'r, T>(context: &Context<'_>, items: &'r [Item<T>], name: &str) -> Option<&'r Item<T>> {
    let (first, rest) = items.split_first()?;
    for second in rest {
        let place = Place { source: second.source.clone(), span: second.span.clone() };
        let earlier = Place { source: first.source.clone(), span: first.span.clone() };
        context.report(
            Diagnostic::new(Code::DuplicateTable, place, format!("`[{name}]` stands twice"), "the second")
                .also(earlier, "the first"),
        );
    }
    Some(first)
}

fn required<'r, T>(context: &Context<'_>, raw: &Raw, items: &'r [Item<T>], name: &str) -> Option<&'r Item<T>> {
    let found = once(context, items, name);
    if found.is_none()
        && context.complete
        && !raw.unreadable.contains(name)
        && let Some(place) = context.main_place(raw)
    {
        let message = format!("the workspace has no `[{name}]`");
        context.report(Diagnostic::new(Code::MissingKey, place, message, format!("`[{name}]` is required")));
    }
    found
}

pub(super) fn language(context: &Context<'_>, raw: &Raw) -> String {
    for (source, language) in &raw.languages {
        let text = language.get_ref();
        let sound = !text.is_empty()
            && text
                .split('-')
                .all(|part| !part.is_empty() && part.len() <= 8 && part.bytes().all(|b| b.is_ascii_alphanumeric()));
        if !sound {
            let place = Place { source: source.clone(), span: language.span() };
            let message = format!("`{text}` is not a language tag");
            context.report(
                Diagnostic::new(Code::UnknownValue, place, message, "not a BCP 47 tag")
                    .help("for example `en` or `de-AT`"),
            );
        }
    }
    for (source, second) in raw.languages.iter().skip(1) {
        let place = Place { source: source.clone(), span: second.span() };
        context.report(Diagnostic::new(Code::DuplicateTable, place, "`language` stands twice", "the second"));
    }
    raw.languages.first().map_or_else(|| "en".to_owned(), |(_, language)| language.get_ref().clone())
}

pub(super) fn system(context: &Context<'_>, raw: &Raw) -> Option<System> {
    let item = required(context, raw, &raw.system, "system")?;
    let table = context.table(item, "system", None).named("the system");
    let raw = &item.raw;
    Some(System {
        id: table.id(&raw.id),
        name: table.text(&raw.name, "name"),
        identifier: table.optional(&raw.identifier),
        summary: table.text(&raw.summary, "summary"),
        purpose: table.text(&raw.purpose, "purpose"),
        environment: table.text(&raw.environment, "environment"),
        boundary: table.optional(&raw.boundary).unwrap_or_default(),
        categorization: categorization(&table, raw),
        owner: table.party(&raw.owner, "owner"),
        authorizing_official: table.party(&raw.authorizing_official, "authorizing-official"),
        security_officer: table.party(&raw.security_officer, "security-officer"),
        contacts: raw
            .contact
            .iter()
            .flatten()
            .map(|contact| {
                let table = table.within(contact, "a contact");
                let raw = contact.get_ref();
                Contact { party: table.party(&raw.party, "party"), about: table.text(&raw.about, "about") }
            })
            .collect(),
        status: table.word(&raw.status, "status", STATUSES).unwrap_or(OperationalStatus::Operational),
        kind: table.word(&raw.kind, "kind", KINDS).unwrap_or(SystemKind::GeneralSupportSystem),
        laws: raw
            .law
            .iter()
            .flatten()
            .map(|law| {
                let table = table.within(law, "a law");
                let raw = law.get_ref();
                Law {
                    title: table.text(&raw.title, "title"),
                    citation: table.optional(&raw.citation),
                    relevance: table.text(&raw.relevance, "relevance"),
                }
            })
            .collect(),
    })
}

fn categorization(table: &Table<'_>, system: &raw::System) -> Categorization {
    let empty = raw::Categorization::default();
    let declared = table.required(&system.categorization, "categorization");
    let inner = declared.map(|declared| table.within(declared, "the categorization"));
    let raw = declared.map_or(&empty, |declared| declared.get_ref());
    let impact = |value: &Text, key: &str| {
        inner.as_ref().and_then(|inner| inner.word(value, key, IMPACTS)).unwrap_or(Impact::Low)
    };
    Categorization {
        confidentiality: impact(&raw.confidentiality, "confidentiality"),
        integrity: impact(&raw.integrity, "integrity"),
        availability: impact(&raw.availability, "availability"),
        rationale: table.optional(&raw.rationale).unwrap_or_default(),
        information_types: system
            .information_type
            .iter()
            .flatten()
            .map(|kind| {
                let table = table.within(kind, "an information type");
                let raw = kind.get_ref();
                let impact = |value: &Text, key: &str| table.word(value, key, IMPACTS).unwrap_or(Impact::Low);
                InformationType {
                    name: table.text(&raw.name, "name"),
                    identifier: table.optional(&raw.identifier),
                    confidentiality: impact(&raw.confidentiality, "confidentiality"),
                    integrity: impact(&raw.integrity, "integrity"),
                    availability: impact(&raw.availability, "availability"),
                }
            })
            .collect(),
    }
}

pub(super) fn document_control(context: &Context<'_>, raw: &Raw) -> Option<DocumentControl> {
    let item = required(context, raw, &raw.control, "document-control")?;
    let table = context.table(item, "document control", None).named("the document control");
    let raw = &item.raw;
    let completed = table.date(&raw.completed, "completed");
    let approved = table.date(&raw.approved, "approved");
    let next_review = table.date(&raw.next_review, "next-review");
    ordered(&table, ("completed", &raw.completed, completed), ("approved", &raw.approved, approved));
    ordered(&table, ("approved", &raw.approved, approved), ("next-review", &raw.next_review, next_review));
    table
        .passed(&raw.next_review, next_review, Code::ReviewOverdue, || "the review of the documents is overdue".into());
    Some(DocumentControl {
        identifier: table.text(&raw.identifier, "identifier"),
        version: table.text(&raw.version, "version"),
        author: table.party_on_record(&raw.author, "author"),
        owner: table.party(&raw.owner, "owner"),
        approver: table.approver(&raw.approver, approved),
        completed,
        approved,
        next_review,
        distribution: table.text(&raw.distribution, "distribution"),
        retention: table.text(&raw.retention, "retention"),
        classification: table.text(&raw.classification, "classification"),
        revisions: raw
            .revision
            .iter()
            .flatten()
            .map(|revision| {
                let table = table.within(revision, "a revision");
                let raw = revision.get_ref();
                table.required(&raw.date, "date");
                Revision {
                    version: table.text(&raw.version, "version"),
                    date: table.date(&raw.date, "date").unwrap_or_default(),
                    author: table.text(&raw.author, "author"),
                    change: table.text(&raw.change, "change"),
                }
            })
            .collect(),
    })
}

/// A date with its key and where it stands.
pub(super) type Dated<'d> = (&'d str, &'d raw::Date, Option<NaiveDate>);

/// Reports two dates of which the first comes after the second.
pub(super) fn ordered(table: &Table<'_>, first: Dated<'_>, second: Dated<'_>) {
    if let ((before, Some(early), Some(a)), (after, Some(late), Some(b))) = (first, second)
        && a > b
    {
        let message = format!("`{after}` is before `{before}`");
        table.report(
            Diagnostic::new(Code::DateOrder, table.at(late), message, format!("`{after}`, {b}"))
                .also(table.at(early), format!("`{before}`, {a}")),
        );
    }
}

pub(super) fn style(context: &Context<'_>, raw: &Raw, organizations: &[Organization]) -> Style {
    let own = organizations.iter().find(|organization| organization.kind == OrganizationKind::Own);
    let mut style = Style {
        organisation: own.map(|own| own.name.clone()).unwrap_or_default(),
        logo: None,
        accent: ACCENT,
        paper: Paper::A4,
    };
    let Some(item) = once(context, &raw.style, "style") else { return style };
    let table = context.table(item, "style", None).named("the style");
    let raw = &item.raw;
    if let Some(organisation) = table.optional(&raw.organisation) {
        style.organisation = organisation;
    }
    if let Some(logo) = &raw.logo {
        table.workspace_file(logo);
        let extension = logo.get_ref().rsplit_once('.').map(|(_, end)| end.to_lowercase()).unwrap_or_default();
        if !["png", "jpg", "jpeg", "svg"].contains(&extension.as_str()) {
            let message = format!("`{}` is not a picture that documents can hold", logo.get_ref());
            table.report(Diagnostic::new(Code::UnknownValue, table.at(logo), message, "not PNG, JPEG or SVG"));
        }
        style.logo = Some(PathBuf::from(logo.get_ref()));
    }
    if let Some(accent) = &raw.accent {
        match color(accent.get_ref()) {
            Some(color) => style.accent = color,
            None => {
                let message = format!("`{}` is not a colour", accent.get_ref());
                table.report(
                    Diagnostic::new(Code::UnknownValue, table.at(accent), message, "not `#rrggbb`")
                        .help("write it like `#0b5cad`"),
                );
            }
        }
    }
    style.paper = table.word_or(&raw.paper, "paper", PAPERS, style.paper);
    style
}

fn color(text: &str) -> Option<Color> {
    let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let channel = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    Some(Color { r: channel(0)?, g: channel(2)?, b: channel(4)? })
}

pub(super) fn policy(context: &Context<'_>, raw: &Raw) -> Policy {
    let mut policy = Policy {
        registries: Vec::new(),
        node_images: Vec::new(),
        runtimes: Vec::new(),
        certificate_days: 30,
        evidence_days: 30,
        privileged_namespaces: Vec::new(),
        open_namespaces: Vec::new(),
        remediation_days: BTreeMap::new(),
        report_days: 7,
        restore_test_days: None,
        dedicated_nodes: Vec::new(),
        review_days: None,
        time_zone: None,
        staffing: StaffingPolicy::default(),
        admission: None,
    };
    let Some(item) = once(context, &raw.policy, "policy") else { return policy };
    let table = context.table(item, "policy", None).named("the policy");
    let raw = &item.raw;
    policy.registries = table.list(&raw.registries);
    policy.node_images = table.globs(&raw.node_images);
    policy.runtimes = table.globs(&raw.runtimes);
    policy.privileged_namespaces = table.globs(&raw.privileged_namespaces);
    policy.open_namespaces = table.globs(&raw.open_namespaces);
    let days = |value: &raw::Number, default: u32| value.as_ref().map_or(default, |value| *value.get_ref());
    policy.certificate_days = days(&raw.certificate_days, policy.certificate_days);
    policy.evidence_days = days(&raw.evidence_days, policy.evidence_days);
    policy.report_days = days(&raw.report_days, policy.report_days);
    policy.restore_test_days = raw.restore_test_days.as_ref().map(|days| *days.get_ref());
    policy.review_days = raw.review_days.as_ref().map(|days| *days.get_ref());
    policy.time_zone = table.optional(&raw.time_zone);
    if let Some(staffing) = &raw.staffing {
        let number = |value: &raw::Number| value.as_ref().map(|value| *value.get_ref());
        let raw = staffing.get_ref();
        policy.staffing = StaffingPolicy {
            least_people: number(&raw.least_people),
            most_alone: number(&raw.most_alone),
            least_on_call: number(&raw.least_on_call),
        };
    }
    policy.admission = table.optional_component(&raw.admission);
    for item in raw.dedicated_nodes.iter().flatten() {
        let table = table.within(item, "policy.dedicated-nodes");
        let raw = item.get_ref();
        table.required(&raw.nodes, "nodes");
        table.required(&raw.teams, "teams");
        policy.dedicated_nodes.push(DedicatedNodes { nodes: table.globs(&raw.nodes), teams: table.teams(&raw.teams) });
    }
    if let Some(remediation) = &raw.remediation_days {
        let r = remediation.get_ref();
        policy.remediation_days = [
            (Severity::Critical, &r.critical),
            (Severity::High, &r.high),
            (Severity::Medium, &r.medium),
            (Severity::Low, &r.low),
        ]
        .into_iter()
        .filter_map(|(severity, value)| Some((severity, *value.as_ref()?.get_ref())))
        .collect();
    }
    policy
}

pub(super) fn acronyms(context: &Context<'_>, raw: &Raw) -> BTreeMap<String, String> {
    let item = once(context, &raw.acronyms, "acronyms");
    item.into_iter().flat_map(|item| &item.raw).map(|(name, text)| (name.clone(), text.get_ref().clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors() {
        assert_eq!(color("#0b5cad").map(|c| c.to_string()).as_deref(), Some("#0b5cad"));
        for bad in ["0b5cad", "#0b5ca", "#0b5cåd", "red", ""] {
            assert_eq!(color(bad), None, "{bad}");
        }
    }
}
