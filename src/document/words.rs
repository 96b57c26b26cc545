//! Words and tones of the enumerations: the key of each value's text, and how its badge looks.

use chrono::{DateTime, NaiveDate, Utc};

use super::tree::Tone;
use crate::{
    assess::{Outcome, Standing},
    workspace::{
        ControlPlane, Deviation, Duty, Fence, Impact, ImplementationStatus, OperationalStatus, OrganizationKind,
        Origination, PoamStatus, Severity, SystemKind,
    },
};

/// A time, always UTC and saying so.
pub(super) fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// A date as ISO 8601, which no reader can misread.
pub(crate) fn date(date: NaiveDate) -> String {
    date.format("%Y-%m-%d").to_string()
}

/// The first twelve digits of a digest, for tables; appendices print the whole.
pub(super) fn short(digest: &str) -> String {
    match digest.char_indices().nth(12) {
        Some((end, _)) => format!("{}…", &digest[..end]),
        None => digest.to_owned(),
    }
}

pub(crate) fn outcome(outcome: Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Fail => (Tone::Bad, "outcome.fail"),
        Outcome::Error => (Tone::Bad, "outcome.error"),
        Outcome::Forbidden => (Tone::Unknown, "outcome.forbidden"),
        Outcome::NotCollected => (Tone::Unknown, "outcome.not_collected"),
        Outcome::NotVisible => (Tone::Unknown, "outcome.not_visible"),
        Outcome::Stale => (Tone::Caution, "outcome.stale"),
        Outcome::Manual => (Tone::Unknown, "outcome.manual"),
        Outcome::Pass => (Tone::Good, "outcome.pass"),
        Outcome::NotApplicable => (Tone::Neutral, "outcome.not_applicable"),
    }
}

pub(crate) fn standing(standing: Standing) -> (Tone, &'static str) {
    match standing {
        Standing::Contradicted => (Tone::Bad, "standing.contradicted"),
        Standing::Failing => (Tone::Bad, "standing.failing"),
        Standing::Incomplete => (Tone::Caution, "standing.incomplete"),
        Standing::Unseen => (Tone::Unknown, "standing.unseen"),
        Standing::Manual => (Tone::Unknown, "standing.manual"),
        Standing::Attested => (Tone::Neutral, "standing.attested"),
        Standing::Passing => (Tone::Good, "standing.passing"),
        Standing::NotApplicable => (Tone::Neutral, "standing.not_applicable"),
    }
}

pub(crate) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "severity.low",
        Severity::Medium => "severity.medium",
        Severity::High => "severity.high",
        Severity::Critical => "severity.critical",
    }
}

pub(super) fn poam_status(status: PoamStatus) -> (Tone, &'static str) {
    match status {
        PoamStatus::Open => (Tone::Neutral, "poam.status.open"),
        PoamStatus::InProgress => (Tone::Neutral, "poam.status.in_progress"),
        PoamStatus::Delayed => (Tone::Caution, "poam.status.delayed"),
        PoamStatus::Remediated => (Tone::Good, "poam.status.remediated"),
    }
}

pub(super) fn deviation(deviation: Deviation) -> &'static str {
    match deviation {
        Deviation::FalsePositive => "poam.deviation.false_positive",
        Deviation::OperationalRequirement => "poam.deviation.operational_requirement",
        Deviation::RiskAdjustment => "poam.deviation.risk_adjustment",
    }
}

pub(super) fn severity_tone(severity: Severity) -> Tone {
    match severity {
        Severity::Low => Tone::Neutral,
        Severity::Medium => Tone::Caution,
        Severity::High | Severity::Critical => Tone::Bad,
    }
}

pub(super) fn duty(duty: Duty) -> &'static str {
    match duty {
        Duty::Image => "duty.image",
        Duty::Configuration => "duty.configuration",
        Duty::Data => "duty.data",
        Duty::Availability => "duty.availability",
        Duty::Access => "duty.access",
        Duty::Network => "duty.network",
    }
}

pub(super) fn fence(fence: Fence) -> &'static str {
    match fence {
        Fence::Inside => "fence.inside",
        Fence::Outside => "fence.outside",
    }
}

pub(super) fn impact(impact: Impact) -> &'static str {
    match impact {
        Impact::Low => "impact.low",
        Impact::Moderate => "impact.moderate",
        Impact::High => "impact.high",
    }
}

pub(super) fn operational_status(status: OperationalStatus) -> &'static str {
    match status {
        OperationalStatus::Operational => "status.operational",
        OperationalStatus::UnderDevelopment => "status.under_development",
        OperationalStatus::UnderMajorModification => "status.under_major_modification",
        OperationalStatus::Disposition => "status.disposition",
        OperationalStatus::Other => "status.other",
    }
}

pub(super) fn system_kind(kind: SystemKind) -> &'static str {
    match kind {
        SystemKind::GeneralSupportSystem => "kind.general_support_system",
        SystemKind::MajorApplication => "kind.major_application",
        SystemKind::MinorApplication => "kind.minor_application",
    }
}

pub(super) fn organization_kind(kind: OrganizationKind) -> &'static str {
    match kind {
        OrganizationKind::Own => "organization.own",
        OrganizationKind::Supplier => "organization.supplier",
        OrganizationKind::Processor => "organization.processor",
        OrganizationKind::SubProcessor => "organization.sub_processor",
        OrganizationKind::Customer => "organization.customer",
    }
}

pub(super) fn control_plane(control_plane: ControlPlane) -> &'static str {
    match control_plane {
        ControlPlane::SelfManaged => "control_plane.self_managed",
        ControlPlane::Managed => "control_plane.managed",
    }
}

pub(super) fn implementation(status: ImplementationStatus) -> (Tone, &'static str) {
    match status {
        ImplementationStatus::Implemented => (Tone::Good, "implementation.implemented"),
        ImplementationStatus::Partial => (Tone::Caution, "implementation.partial"),
        ImplementationStatus::Planned => (Tone::Caution, "implementation.planned"),
        ImplementationStatus::Alternative => (Tone::Neutral, "implementation.alternative"),
        ImplementationStatus::NotApplicable => (Tone::Neutral, "implementation.not_applicable"),
    }
}

pub(super) fn origination(origination: Origination) -> &'static str {
    match origination {
        Origination::Organization => "origination.organization",
        Origination::SystemSpecific => "origination.system_specific",
        Origination::CustomerConfigured => "origination.customer_configured",
        Origination::CustomerProvided => "origination.customer_provided",
        Origination::Inherited => "origination.inherited",
        Origination::Shared => "origination.shared",
    }
}
