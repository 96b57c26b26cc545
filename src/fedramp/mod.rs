//! FedRAMP: the package of a certification after the Consolidated Rules for 2026, as JSON for other programs.
//!
//! In: a [`Workspace`] that declares `[fedramp]`, its [`Assessment`]. Out: files ([`export`]). The reverse direction: a
//! judgement on a file of anybody's ([`validate`]).
//!
//! | file | FedRAMP's name | says |
//! | --- | --- | --- |
//! | `certification-package-overview.json` | Certification Package Overview (CPO-CSO-OVR) | what is offered, by whom, whom to ask, where documents lie |
//! | `security-decision-record.json` | Security Decision Record (SDR-CSO-FRR) | how controls, rules and Key Security Indicators are met, what tests them, and what was seen |
//!
//! Invariants: no field holds a value that nobody declared or observed. A positive status needs a statement and evidence
//! that bears it out ([`status`]); where there is none the status is left out. Text of people and clusters is plain text,
//! or Markdown without HTML. Files are the same for the same inputs.

mod build;
mod evidence;
mod overview;
mod record;
mod status;
pub mod validate;

use build::Build;

use crate::{assess::Assessment, pretty::Order, workspace::Workspace};

/// Where FedRAMP publishes its schemas.
const SCHEMAS: &str = "https://fedramp.gov/schemas/";

/// Schema of the Certification Package Overview, below [`SCHEMAS`].
const OVERVIEW: &str = "fedramp-certification-package-overview-schema-2026-06-24.json";

/// Schema of the Security Decision Record, below [`SCHEMAS`].
const RECORD: &str = "fedramp-security-decision-record-schema-2026-06-24.json";

/// Fields in the order of the schemas.
const ORDER: Order = Order {
    first: &[
        // Both files.
        "$schema",
        "metadata",
        "fedRampPackageId",
        "version",
        "certificationPackageOverviewUri",
        // The overview: its parts, then the fields of each.
        "serviceIdentification",
        "serviceProperties",
        "contactInformation",
        "assessor",
        "certifiedServices",
        "thirdPartyInformationResources",
        "ueiNumber",
        "providerName",
        "serviceName",
        "portNumber",
        "serviceAcronym",
        "serviceDescription",
        "certificationType",
        "website",
        "logo",
        "serviceType",
        "deploymentModel",
        "businessCategory",
        "trustCenter",
        "secureConfigurationGuidance",
        "additionalRepositories",
        "nextOngoingCertificationReportDate",
        "repositoryType",
        "url",
        "repositoryDescription",
        "authenticationRequired",
        "accessRequestInstructions",
        "responsibleOfficial",
        "contactType",
        "contactName",
        "contactTitle",
        "contactEmail",
        "contactPhone",
        "certified",
        "nonCertified",
        "fedRampCertifiedThirdPartyInformationResource",
        "name",
        "provider",
        // The record, likewise.
        "portsAndProtocols",
        "securityControls",
        "fedRampRequirements",
        "keySecurityIndicators",
        "transportProtocol",
        "encryption",
        "purpose",
        "controlId",
        "controlImplementationStatus",
        "parameterValues",
        "parameterId",
        "parameterValue",
        "controlImplementationDescription",
        "frrID",
        "frrImplementationStatus",
        "frrImplementation",
        "frrValidation",
        "frrAssessment",
        "ksiId",
        "ksiImplementationStatus",
        "ksiImplementation",
        "ksiValidation",
        "ksiAssessment",
        "ksiTests",
        "ksiEvidence",
        "evidenceType",
        "evidenceDescription",
        "evidenceLocation",
        "evidenceText",
        "lastUpdated",
    ],
    last: &[],
};

/// Names of the files that [`export`] writes.
pub(crate) const FILES: [&str; 2] = ["certification-package-overview.json", "security-decision-record.json"];

/// Writes the package: file name and content of each file. `None` where the workspace declares no `[fedramp]`.
pub fn export(workspace: &Workspace, assessment: &Assessment) -> Option<Vec<(String, Vec<u8>)>> {
    let build = Build::new(workspace, assessment, workspace.fedramp.as_ref()?);
    let values = [overview::of(&build), record::of(&build)];
    let files = FILES.into_iter().zip(values);
    Some(files.map(|(name, value)| (name.to_owned(), ORDER.write(&value).into_bytes())).collect())
}

#[cfg(test)]
mod tests;
