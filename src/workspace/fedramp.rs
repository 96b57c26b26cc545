//! What `[fedramp]` declares: the facts about the offering and its certification that no other table has.

use chrono::NaiveDate;

use super::{
    id::{ComponentId, ControlId, OrganizationId},
    model::Party,
};

/// The controls that a package answers, and that FedRAMP lists for its indicators.
pub const CONTROLS: &str = "nist-800-53r5";

/// The rules of FedRAMP, as a framework: statements for them are the requirements of the package.
pub const RULES: &str = "fedramp-frr-2026";

/// Its Key Security Indicators, as a framework.
pub const INDICATORS: &str = "fedramp-ksi-2026";

/// The offering, as FedRAMP asks to have it described (Certification Package Overview, CPO-CSO-OVR).
#[derive(Debug, Clone)]
pub struct Fedramp {
    /// Where the Certification Package Overview is published.
    pub overview: String,
    /// Type of the certification.
    pub certification: Certification,
    /// Class of the certification; with it the package lists every rule and indicator that is asked for.
    pub class: Option<Class>,
    /// Identifier that FedRAMP assigned, once it has.
    pub package_id: Option<String>,
    /// Unique Entity Identifier of SAM.gov.
    pub uei: Option<String>,
    /// Short form of the offering's name.
    pub acronym: String,
    /// Website of the offering.
    pub website: String,
    /// Address of the logo.
    pub logo: String,
    /// Service models, as FedRAMP writes them: `PaaS`.
    pub service_models: Vec<&'static str>,
    /// Deployment model, as FedRAMP writes it: `Public Cloud`.
    pub deployment_model: &'static str,
    /// Business categories, as FedRAMP writes them.
    pub business_categories: Vec<&'static str>,
    /// Date of the next Ongoing Certification Report.
    pub next_report: Option<NaiveDate>,
    /// Who is accountable for the package.
    pub official: Party,
    /// Where the package is shared.
    pub trust_center: Option<Repository>,
    /// Where customers read how to configure the offering securely.
    pub secure_configuration: Option<Repository>,
    /// Other places where documents lie.
    pub repositories: Vec<Repository>,
    /// Contacts; one for `Security` and one for `Sales` at least.
    pub contacts: Vec<PackageContact>,
    /// The independent assessor.
    pub assessor: Option<Assessor>,
    /// What is certified.
    pub services: Vec<CertifiedService>,
    /// Components of others that the offering relies on.
    pub third_parties: Vec<ThirdParty>,
    /// What the independent assessor says of controls, rules and indicators.
    pub assessed: Vec<Assessed>,
}

/// Type of a certification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certification {
    /// By Key Security Indicators.
    TwentyX,
    /// By controls of NIST SP 800-53 Rev. 5.
    Rev5,
}

/// Class of a certification, from pilot to the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Class {
    A,
    B,
    C,
    D,
}

/// A place where documents lie.
#[derive(Debug, Clone)]
pub struct Repository {
    /// What lies there: `Trust Center`.
    pub types: Vec<String>,
    /// Address.
    pub url: String,
    /// What there is.
    pub description: String,
    /// One has to log in.
    pub authentication: bool,
    /// How to get access, Markdown; there where one has to log in.
    pub access: Option<String>,
}

/// A contact of the package.
#[derive(Debug, Clone)]
pub struct PackageContact {
    /// What for: `Security`.
    pub kind: String,
    /// Who.
    pub party: Party,
}

/// An independent assessor.
#[derive(Debug, Clone)]
pub struct Assessor {
    /// Name.
    pub name: String,
    /// Six digits that FedRAMP assigned.
    pub id: String,
}

/// A component that is offered as a service.
#[derive(Debug, Clone)]
pub struct CertifiedService {
    /// Component.
    pub component: ComponentId,
    /// Name as customers know it; the component's title unless told.
    pub name: Option<String>,
    /// Description, Markdown; the component's unless told.
    pub description: Option<String>,
    /// Since when it is available.
    pub available: NaiveDate,
}

/// A component of another organization.
#[derive(Debug, Clone)]
pub struct ThirdParty {
    /// Component.
    pub component: ComponentId,
    /// Organization that provides it.
    pub organization: OrganizationId,
    /// Its FedRAMP identifier; `None`: it is declared as not certified.
    pub package_id: Option<String>,
    /// Website.
    pub website: Option<String>,
    /// What for; the component's description unless told.
    pub use_case: Option<String>,
}

/// A statement of the independent assessor.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// What it is about.
    pub controls: Vec<ControlId>,
    /// What the assessor says, Markdown.
    pub statement: String,
}

impl Certification {
    /// As FedRAMP writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Certification::TwentyX => "20x",
            Certification::Rev5 => "Rev5",
        }
    }
}

impl Fedramp {
    /// Name of the selection of [`RULES`] that type and class ask for.
    pub fn rules(&self) -> Option<&'static str> {
        selection(self.certification, self.class?)
    }

    /// Name of the selection of [`INDICATORS`] that type and class ask for; `None` where only stated ones count.
    pub fn indicators(&self) -> Option<&'static str> {
        match (self.certification, self.class) {
            (Certification::Rev5, _) => None,
            (Certification::TwentyX, Some(Class::A)) => Some("20x-class-a"),
            (Certification::TwentyX, _) => Some("all"),
        }
    }
}

/// Name of a selection of rules; `None` where FedRAMP has no such certification.
pub(super) fn selection(certification: Certification, class: Class) -> Option<&'static str> {
    Some(match (certification, class) {
        (Certification::TwentyX, Class::A) => "20x-class-a",
        (Certification::TwentyX, Class::B) => "20x-class-b",
        (Certification::TwentyX, Class::C) => "20x-class-c",
        (Certification::TwentyX, Class::D) => "20x-class-d",
        (Certification::Rev5, Class::A) => return None,
        (Certification::Rev5, Class::B) => "rev5-class-b",
        (Certification::Rev5, Class::C) => "rev5-class-c",
        (Certification::Rev5, Class::D) => "rev5-class-d",
    })
}
