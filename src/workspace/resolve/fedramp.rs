//! What `[fedramp]` declares of the offering and its certification.

use std::collections::BTreeSet;

use toml::Spanned;

use super::{
    super::{
        Organization, OrganizationId, OrganizationKind, Party, Person, Team,
        code::Code,
        diagnostic::Diagnostic,
        fedramp::{
            Assessed, Assessor, CONTROLS, Certification, CertifiedService, Class, Fedramp, INDICATORS, PackageContact,
            RULES, Repository, ThirdParty, selection,
        },
        model::{Component, Fence},
        parse::Raw,
        raw::{self, Text, Texts},
    },
    context::{Context, Table, Words, each},
    system::once,
};
use crate::schema::format::{is_mail, is_uri};

const TYPES: Words<Certification> = &[("20x", Certification::TwentyX), ("rev5", Certification::Rev5)];

const CLASSES: Words<Class> = &[("a", Class::A), ("b", Class::B), ("c", Class::C), ("d", Class::D)];

/// Contacts that FedRAMP names; other words are printed as they are written.
const CONTACTS: Words<&str> = &[("primary", "Primary"), ("security", "Security"), ("sales", "Sales")];

const SERVICE_MODELS: Words<&str> = &[("saas", "SaaS"), ("paas", "PaaS"), ("iaas", "IaaS")];

const DEPLOYMENT_MODELS: Words<&str> = &[
    ("public-cloud", "Public Cloud"),
    ("government-only-cloud", "Government-Only Cloud"),
    ("hybrid-cloud", "Hybrid Cloud"),
    ("community-cloud", "Community Cloud"),
    ("government-community-cloud", "Government Community Cloud"),
];

const BUSINESS_CATEGORIES: Words<&str> = &[
    ("accounting", "Accounting"),
    ("analytics", "Analytics"),
    ("artificial-intelligence", "Artificial Intelligence (AI)"),
    ("collaboration", "Collaboration"),
    ("communication", "Communication"),
    ("construction", "Construction"),
    ("contact-center", "Contact Center"),
    ("content-management", "Content Management System (CMS)"),
    ("customer-relations", "Customer Relations Management (CRM)"),
    ("customer-service", "Customer Service"),
    ("cybersecurity", "Cybersecurity & Risk Management"),
    ("data-management", "Data Management"),
    ("design-and-multimedia", "Design & Multimedia"),
    ("development-tools", "Development Tools"),
    ("education-and-training", "Education & Training"),
    ("finance", "Finance"),
    ("fleet-management", "Fleet Management"),
    ("governance-risk-and-compliance", "Governance, Risk, and Compliance (GRC)"),
    ("grant-management", "Grant Management"),
    ("health-and-wellness", "Health & Wellness"),
    ("human-resources", "Human Resources"),
    ("law-enforcement", "Law Enforcement"),
    ("learning-management", "Learning Management"),
    ("legal-and-policy", "Legal & Policy"),
    ("marketing-and-sales", "Marketing & Sales"),
    ("media", "Media"),
    ("mobile-device-management", "Mobile Device Management (MDM)"),
    ("network-management", "Network Management"),
    ("operations-management", "Operations Management"),
    ("research", "Research"),
    ("storage", "Storage"),
    ("system-administration", "System Administration"),
    ("talent-development", "Talent Development"),
    ("talent-management", "Talent Management"),
    ("travel-management", "Travel Management"),
    ("virtual-private-network", "Virtual Private Network (VPN)"),
];

/// Most business categories that FedRAMP takes.
const MOST_CATEGORIES: usize = 10;

/// Pictures that FedRAMP takes as a logo.
const PICTURES: &[&str] = &["png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "bmp", "tif", "tiff"];

/// What is declared elsewhere and the package speaks of.
pub(super) struct Declared<'d> {
    pub organizations: &'d [Organization],
    pub teams: &'d [Team],
    pub people: &'d [Person],
    pub components: &'d [Component],
}

pub(super) fn fedramp(context: &Context<'_>, raw: &Raw, declared: &Declared<'_>) -> Option<Fedramp> {
    let item = once(context, &raw.fedramp, "fedramp")?;
    let table = context.table(item, "FedRAMP package", None).named("the FedRAMP package");
    let raw = &item.raw;
    let certification = table.word(&raw.r#type, "type", TYPES);
    let class = raw.class.as_ref().and_then(|_| table.word(&raw.class, "class", CLASSES));
    if let (Some(certification), Some(class), Some(written)) = (certification, class, &raw.class)
        && selection(certification, class).is_none()
    {
        let message = format!("FedRAMP has no {} certification of class {}", certification.as_str(), written.get_ref());
        table.report(
            Diagnostic::new(Code::UnknownValue, table.at(written), message, "not a class of this type")
                .help("possible are `b`, `c`, `d`; class `a` is a 20x certification"),
        );
    }
    let contacts = contacts(&table, raw, declared);
    let third_parties = third_parties(&table, raw, declared);
    let services = raw.service.iter().flatten().map(|item| service(&table, item)).collect();
    let assessed =
        raw.assessed.iter().flatten().map(|item| said(&table.within(item, "a statement of the assessor"), item));
    let assessed: Vec<Assessed> = assessed.collect();
    let assessor = raw.assessor.as_ref().map(|item| assessor(&table, item));
    if !assessed.is_empty() && !table.was_written("assessor", &raw.assessor) {
        table.missing("assessor");
    }
    Some(Fedramp {
        overview: address(&table, &raw.overview, "overview"),
        certification: certification.unwrap_or(Certification::TwentyX),
        class,
        package_id: table.optional(&raw.package_id),
        uei: table.optional(&raw.uei),
        acronym: table.text(&raw.acronym, "acronym"),
        website: address(&table, &raw.website, "website"),
        logo: logo(&table, &raw.logo),
        service_models: words(&table, &raw.service_models, "service-models", SERVICE_MODELS, true),
        deployment_model: table.word(&raw.deployment_model, "deployment-model", DEPLOYMENT_MODELS).unwrap_or_default(),
        business_categories: categories(&table, &raw.business_categories),
        next_report: table.date(&raw.next_report, "next-report"),
        official: table.party(&raw.official, "official"),
        trust_center: raw
            .trust_center
            .as_ref()
            .map(|it| repository(&table, it, "the trust center", Some("Trust Center"))),
        secure_configuration: raw.secure_configuration.as_ref().map(|it| {
            repository(&table, it, "the guide to secure configuration", Some("Secure Configuration Guidance"))
        }),
        repositories: raw.repository.iter().flatten().map(|it| repository(&table, it, "a repository", None)).collect(),
        contacts,
        assessor,
        services,
        third_parties,
        assessed,
    })
}

/// A required web address.
fn address(table: &Table<'_>, value: &Text, key: &str) -> String {
    let text = table.text(value, key);
    web(table, value, key);
    text
}

fn web(table: &Table<'_>, value: &Text, key: &str) {
    let Some(value) = value.as_ref().filter(|value| !value.get_ref().trim().is_empty()) else { return };
    let text = value.get_ref().trim();
    if !is_web(text) {
        let message = format!("`{key}` is not a web address: `{text}`");
        table.report(
            Diagnostic::new(Code::InvalidAddress, table.at(value), message, "cannot be opened as it stands")
                .help("write it with its scheme, and blanks and letters beyond ASCII escaped: `https://example.com/a`"),
        );
    }
}

fn is_web(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://")) && is_uri(text)
}

fn logo(table: &Table<'_>, value: &Text) -> String {
    let text = address(table, value, "logo");
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let picture = path.rsplit_once('.').is_some_and(|(_, end)| PICTURES.contains(&end));
    if let Some(value) = value.as_ref().filter(|_| is_web(&text) && !picture) {
        let message = format!("`{text}` is not the address of a picture");
        table.report(
            Diagnostic::new(Code::InvalidAddress, table.at(value), message, "no ending of a picture")
                .help(format!("FedRAMP takes {}, in lower case", PICTURES.join(", "))),
        );
    }
    text
}

/// A list of words; a required one has at least one.
fn words(
    table: &Table<'_>,
    values: &Texts,
    key: &str,
    words: Words<&'static str>,
    required: bool,
) -> Vec<&'static str> {
    if required && values.as_ref().is_none_or(|values| values.get_ref().is_empty()) {
        table.missing(key);
    }
    let mut seen = BTreeSet::new();
    let known = each(values).filter_map(|value| table.word(&Some(value.clone()), key, words));
    known.filter(|word| seen.insert(*word)).collect()
}

fn categories(table: &Table<'_>, values: &Texts) -> Vec<&'static str> {
    let found = words(table, values, "business-categories", BUSINESS_CATEGORIES, false);
    if let (Some(values), true) = (values, found.len() > MOST_CATEGORIES) {
        let message = format!("`business-categories` names {}, FedRAMP takes {MOST_CATEGORIES}", found.len());
        table.report(Diagnostic::new(Code::UnknownValue, table.at(values), message, "too many"));
    }
    found
}

fn repository(table: &Table<'_>, item: &Spanned<raw::Repository>, what: &str, kind: Option<&str>) -> Repository {
    let table = table.within(item, what);
    let raw = item.get_ref();
    let mut types: Vec<String> = kind.iter().map(|kind| (*kind).to_owned()).collect();
    types.extend(table.list(&raw.types));
    if types.is_empty() {
        table.missing("types");
    }
    table.required(&raw.authentication, "authentication");
    let authentication = table.flag(&raw.authentication);
    let access = table.optional(&raw.access);
    if authentication && access.is_none() {
        table.missing("access");
    }
    Repository {
        types,
        url: address(&table, &raw.url, "url"),
        description: table.text(&raw.description, "description"),
        authentication,
        access,
    }
}

fn contacts(table: &Table<'_>, raw: &raw::Fedramp, declared: &Declared<'_>) -> Vec<PackageContact> {
    let contacts = raw.contact.iter().flatten().map(|item| {
        let table = table.within(item, "a contact");
        let raw = item.get_ref();
        let kind = table.text(&raw.r#type, "type");
        let known = CONTACTS.iter().find(|(word, _)| word.eq_ignore_ascii_case(&kind));
        let kind = known.map_or(kind, |(_, name)| (*name).to_owned());
        let party = table.party(&raw.party, "party");
        if let Some(written) =
            raw.party.as_ref().filter(|_| exists(declared, &party) && mail(declared, &party).is_none())
        {
            let message = format!("the contact `{}` has no e-mail address", written.get_ref());
            table.report(
                Diagnostic::new(Code::FedrampContact, table.at(written), message, "cannot be written to")
                    .help("add `email` to this team or person"),
            );
        }
        PackageContact { kind, party }
    });
    let contacts: Vec<PackageContact> = contacts.collect();
    if !table.unspoiled() {
        return contacts;
    }
    for wanted in ["Security", "Sales"] {
        if !contacts.iter().any(|contact| contact.kind == wanted) {
            let message = format!("the FedRAMP package names no contact for {wanted}");
            let word = wanted.to_lowercase();
            table.report(
                Diagnostic::new(Code::FedrampContact, table.here(), message, "one of this type is required")
                    .help(format!("add `[[fedramp.contact]]` with `type = \"{word}\"` and `party`")),
            );
        }
    }
    contacts
}

fn exists(declared: &Declared<'_>, party: &Party) -> bool {
    match party {
        Party::Person(id) => declared.people.iter().any(|person| person.id == *id),
        Party::Team(id) => declared.teams.iter().any(|team| team.id == *id),
    }
}

/// An e-mail address that a schema takes as one.
fn mail<'d>(declared: &'d Declared<'_>, party: &Party) -> Option<&'d str> {
    let found = match party {
        Party::Person(id) => declared.people.iter().find(|person| person.id == *id)?.email.as_deref(),
        Party::Team(id) => declared.teams.iter().find(|team| team.id == *id)?.email.as_deref(),
    };
    found.filter(|address| is_mail(address))
}

fn assessor(table: &Table<'_>, item: &Spanned<raw::Assessor>) -> Assessor {
    let table = table.within(item, "the assessor");
    let raw = item.get_ref();
    let id = table.text(&raw.id, "id");
    let sound = id.len() == 6 && id.bytes().all(|digit| digit.is_ascii_digit());
    if let Some(written) = raw.id.as_ref().filter(|_| !id.is_empty() && !sound) {
        let message = format!("`{id}` is no identifier of an assessor");
        table.report(
            Diagnostic::new(Code::UnknownValue, table.at(written), message, "not six digits")
                .help("FedRAMP assigns it; the Marketplace lists it"),
        );
    }
    Assessor { name: table.text(&raw.name, "name"), id }
}

/// What the assessor says; the record has a place for it at controls, rules and indicators.
fn said(table: &Table<'_>, item: &Spanned<raw::Assessed>) -> Assessed {
    let raw = item.get_ref();
    table.required(&raw.controls, "controls");
    let known = each(&raw.controls).filter_map(|written| {
        let control = table.control(written)?;
        if ![CONTROLS, RULES, INDICATORS].contains(&control.framework()) {
            let message = format!("the FedRAMP package says nothing of {}", control.framework());
            table.report(
                Diagnostic::new(Code::UnknownValue, table.at(written), message, "has no place in it")
                    .help(format!("possible are controls of `{CONTROLS}`, `{RULES}` and `{INDICATORS}`")),
            );
        }
        Some(control)
    });
    Assessed { controls: known.collect(), statement: table.text(&raw.statement, "statement") }
}

fn service(table: &Table<'_>, item: &Spanned<raw::CertifiedService>) -> CertifiedService {
    let table = table.within(item, "a certified service");
    let raw = item.get_ref();
    table.required(&raw.available, "available");
    CertifiedService {
        component: table.component(&raw.component, "component"),
        name: table.optional(&raw.name),
        description: table.optional(&raw.description),
        available: table.date(&raw.available, "available").unwrap_or_default(),
    }
}

/// Components of others; those that nothing is said of are one warning.
fn third_parties(table: &Table<'_>, raw: &raw::Fedramp, declared: &Declared<'_>) -> Vec<ThirdParty> {
    let named =
        raw.third_party.iter().flatten().map(|item| third_party(&table.within(item, "a third party"), item, declared));
    let named: Vec<ThirdParty> = named.collect();
    let unsaid = declared.components.iter().filter(|it| it.fence == Fence::Outside && foreign(declared, it).is_some());
    let unsaid: Vec<&str> = unsaid
        .filter(|component| !named.iter().any(|one| one.component == component.id))
        .map(|component| component.id.as_str())
        .collect();
    if !unsaid.is_empty() && table.unspoiled() && table.context.complete {
        let message = format!("the FedRAMP package says nothing of what others provide: {}", unsaid.join(", "));
        table.report(
            Diagnostic::new(Code::FedrampThirdParty, table.here(), message, "certified or not is for you to say")
                .help("add `[[fedramp.third-party]]` with `component`, and `package-id` where it is FedRAMP certified"),
        );
    }
    named
}

fn third_party(table: &Table<'_>, item: &Spanned<raw::ThirdParty>, declared: &Declared<'_>) -> ThirdParty {
    let raw = item.get_ref();
    web(table, &raw.website, "website");
    let component = table.component(&raw.component, "component");
    let known = declared.components.iter().find(|one| one.id == component);
    let organization = match (&raw.organization, known) {
        (Some(organization), _) => table.organization(organization),
        (None, Some(known)) => foreign(declared, known).unwrap_or_else(|| {
            table.missing("organization");
            OrganizationId::new("")
        }),
        (None, None) => OrganizationId::new(""),
    };
    ThirdParty {
        component,
        organization,
        package_id: table.optional(&raw.package_id),
        website: table.optional(&raw.website),
        use_case: table.optional(&raw.use_case),
    }
}

/// The organization of others that a component's team belongs to, and that provides something to us.
fn foreign(declared: &Declared<'_>, component: &Component) -> Option<OrganizationId> {
    let team = declared.teams.iter().find(|team| team.id == component.team)?;
    let organization = declared.organizations.iter().find(|one| one.id == team.organization)?;
    let theirs = !matches!(organization.kind, OrganizationKind::Own | OrganizationKind::Customer);
    theirs.then(|| organization.id.clone())
}
