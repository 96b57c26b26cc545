//! The tables as written: every key optional, every value with its span.
//!
//! These types say which keys exist and of which type they are; `docs/workspace-format.md` says the same for people.
//! Which keys are required, and what their values mean, is for `resolve` to say.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, value::Datetime};

pub(super) type Text = Option<Spanned<String>>;
pub(super) type Texts = Option<Spanned<Vec<Spanned<String>>>>;
pub(super) type Flag = Option<Spanned<bool>>;
pub(super) type Date = Option<Spanned<Datetime>>;
pub(super) type Number = Option<Spanned<u32>>;
pub(super) type Map = Option<BTreeMap<Spanned<String>, Spanned<String>>>;
pub(super) type Tables<T> = Option<Vec<Spanned<T>>>;

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(super) struct $name { $(pub $field: $type),* }
    )*};
}

tables! {
    System {
        id: Text, name: Text, identifier: Text, summary: Text, purpose: Text, environment: Text, boundary: Text,
        owner: Text, authorizing_official: Text, security_officer: Text, status: Text, kind: Text,
        categorization: Option<Spanned<Categorization>>, information_type: Tables<InformationType>,
        contact: Tables<Contact>, law: Tables<Law>,
    }
    Categorization { confidentiality: Text, integrity: Text, availability: Text, rationale: Text }
    InformationType { name: Text, identifier: Text, confidentiality: Text, integrity: Text, availability: Text }
    Contact { party: Text, about: Text }
    Law { title: Text, citation: Text, relevance: Text }
    DocumentControl {
        identifier: Text, version: Text, author: Text, owner: Text, approver: Text, completed: Date, approved: Date,
        next_review: Date, distribution: Text, retention: Text, classification: Text, revision: Tables<Revision>,
    }
    Revision { version: Text, date: Date, author: Text, change: Text }
    Style { organisation: Text, logo: Text, accent: Text, paper: Text }
    Policy {
        registries: Texts, node_images: Texts, runtimes: Texts, certificate_days: Number, evidence_days: Number,
        privileged_namespaces: Texts, open_namespaces: Texts, remediation_days: Option<Spanned<RemediationDays>>,
        report_days: Number, restore_test_days: Number, dedicated_nodes: Tables<DedicatedNodes>, review_days: Number,
        time_zone: Text, staffing: Option<Spanned<StaffingPolicy>>, admission: Text,
    }
    StaffingPolicy { least_people: Number, most_alone: Number, least_on_call: Number }
    DedicatedNodes { nodes: Texts, teams: Texts }
    RemediationDays { critical: Number, high: Number, medium: Number, low: Number }
    Organization {
        id: Text, was: Texts, name: Text, kind: Text, jurisdiction: Text, contract: Text, contract_expires: Date,
        contact: Text,
    }
    Authorization {
        id: Text, was: Texts, organization: Text, title: Text, identifier: Text, authorized: Date, expires: Date,
        impact: Text, plan: Text, components: Texts,
    }
    Team {
        id: Text, was: Texts, name: Text, short: Text, organization: Text, description: Text, email: Text, phone: Text,
        chat: Text, hours: Text, response_time: Text, reader: Text,
    }
    Person {
        id: Text, was: Texts, name: Text, title: Text, teams: Texts, email: Text, phone: Text, skills: Texts,
        on_call: Flag, left: Date, languages: Texts, time_zone: Text,
    }
    Rota {
        id: Text, was: Texts, title: Text, team: Text, people: Texts, days: Texts, from: Text, to: Text, phone: Text,
    }
    Cluster {
        id: Text, was: Texts, name: Text, uid: Text, context: Text, environment: Text, location: Text,
        control_plane: Text, authorization_modes: Texts,
    }
    Role {
        id: Text, was: Texts, title: Text, team: Text, description: Text, privileged: Flag, groups: Texts, users: Texts,
        service_accounts: Texts, may: Tables<May>,
    }
    May { roles: Texts, verbs: Texts, resources: Texts, namespaces: Texts }
    Component {
        id: Text, was: Texts, title: Text, group: Text, fence: Text, team: Text, description: Text, part_of: Text,
        duties: Option<Spanned<Duties>>, optional: Flag, critical: Flag, product: Text, version: Text, kind: Text, claim: Tables<Claim>,
        skills: Texts,
        recovery_point_objective: Text, recovery_time_objective: Text, restore_tested: Date, provider_uuid: Text,
    }
    Duties { image: Text, configuration: Text, data: Text, availability: Text, access: Text, network: Text }
    Claim {
        namespaces: Texts, namespace_labels: Map, labels: Map, api_groups: Texts, kinds: Texts, names: Texts,
        helm_releases: Texts, applications: Texts,
    }
    Interface {
        id: Text, was: Texts, title: Text, from: Text, to: Text, crosses: Text, protocol: Text, port: Text,
        supplies: Text, relies: Text, escalation: Texts, response_time: Text,
    }
    Connection {
        id: Text, was: Texts, title: Text, from: Text, to: Text, need: Text, protocol: Text,
        ports: Option<Spanned<Vec<Spanned<u16>>>>, organization: Text, agreement: Text, data: Text, encryption: Text,
    }
    NodeAccess {
        id: Text, was: Texts, nodes: Text, teams: Texts, people: Texts, groups: Texts, from: Text, method: Text,
        when: Text, until: Date, recorded: Text,
    }
    Activity {
        id: Text, was: Texts, title: Text, group: Text, description: Text, component: Text, duty: Text, r: Texts,
        a: Text, c: Texts, i: Texts, frequency: Text, because: Text, controls: Texts, skills: Texts, out_of_hours: Flag,
    }
    Lifecycle { product: Text, title: Text, versions: Texts, released: Date, end: Date, source: Text }
    ProviderSetting {
        cluster: Text, setting: Text, value: Text, detail: Text, source: Text, location: Text, date: Date,
    }
    Cryptography {
        id: Text, was: Texts, what: Text, state: Text, mechanism: Text, keys: Text, component: Text, rotation: Text,
    }
    Assessment {
        id: Text, was: Texts, title: Text, team: Text, frequency: Text, method: Text, last: Date, next: Date,
    }
    Baseline {
        framework: Text, name: Text, because: Text, exclude: Tables<Exclude>, add: Tables<Add>, beside: Tables<Beside>,
    }
    Beside { framework: Text, name: Text, because: Text }
    Exclude { control: Text, reason: Text }
    Add { control: Text, reason: Text }
    Implementation {
        control: Text, controls: Texts, status: Text, origination: Text, components: Texts, team: Text, narrative: Text, checks: Texts,
        parameters: Map, review_by: Date, attested: Date, attested_by: Text, evidence: Tables<Evidence>,
        inherited: Tables<Inherited>,
    }
    Inherited {
        component: Text, provided: Text, provided_uuid: Text, responsibility: Text, responsibility_uuid: Text,
        satisfied: Text,
    }
    Evidence { title: Text, location: Text, date: Date }
    CheckOverride {
        check: Text, disabled: Flag, severity: Text, reason: Text,
        params: Option<BTreeMap<Spanned<String>, Spanned<toml::Value>>>,
    }
    Exception {
        id: Text, was: Texts, check: Text, component: Text, namespaces: Texts, objects: Texts, reason: Text,
        owner: Text, approver: Text, approved: Date, expires: Date, compensating: Text,
    }
    Poam {
        finding: Text, status: Text, scheduled: Date, owner: Text, comment: Text, vendor: Text, vendor_checked: Date,
        deviation: Text, severity: Text, reason: Text, milestone: Tables<Milestone>,
    }
    Milestone { date: Date, what: Text, done: Date }
    Fedramp {
        overview: Text, r#type: Text, class: Text, package_id: Text, uei: Text, acronym: Text, website: Text, logo: Text,
        service_models: Texts, deployment_model: Text, business_categories: Texts, next_report: Date, official: Text,
        trust_center: Option<Spanned<Repository>>, secure_configuration: Option<Spanned<Repository>>,
        repository: Tables<Repository>, contact: Tables<PackageContact>, assessor: Option<Spanned<Assessor>>,
        service: Tables<CertifiedService>, third_party: Tables<ThirdParty>, assessed: Tables<Assessed>,
    }
    Repository { types: Texts, url: Text, description: Text, authentication: Flag, access: Text }
    PackageContact { r#type: Text, party: Text }
    Assessor { name: Text, id: Text }
    CertifiedService { component: Text, name: Text, description: Text, available: Date }
    ThirdParty { component: Text, organization: Text, package_id: Text, website: Text, use_case: Text }
    Assessed { controls: Texts, statement: Text }
    ResultMapping { tool: Text, rule: Text, controls: Texts, checks: Texts, because: Text }
}
