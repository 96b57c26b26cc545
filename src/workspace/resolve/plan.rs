//! What `[[poam]]` declares: decisions on single findings.

use std::collections::BTreeMap;

use super::{
    super::{
        Deviation, Milestone, PoamEntry, PoamStatus,
        code::Code,
        diagnostic::Diagnostic,
        parse::{Item, Raw},
        raw,
        source::Place,
    },
    context::{Context, Words},
    controls::SEVERITIES,
};

const STATUSES: Words<PoamStatus> = &[
    ("open", PoamStatus::Open),
    ("in-progress", PoamStatus::InProgress),
    ("delayed", PoamStatus::Delayed),
    ("remediated", PoamStatus::Remediated),
];

const DEVIATIONS: Words<Deviation> = &[
    ("false-positive", Deviation::FalsePositive),
    ("operational-requirement", Deviation::OperationalRequirement),
    ("risk-adjustment", Deviation::RiskAdjustment),
];

pub(super) fn poam(context: &Context<'_>, raw: &Raw) -> Vec<PoamEntry> {
    let mut seen = BTreeMap::new();
    raw.poam.iter().map(|item| entry(context, item, &mut seen)).collect()
}

fn entry(context: &Context<'_>, item: &Item<raw::Poam>, seen: &mut BTreeMap<String, Place>) -> PoamEntry {
    let table = context.table(item, "entry of the plan", Some(&item.raw.finding));
    let raw = &item.raw;
    let finding = table.text(&raw.finding, "finding");
    if let Some(written) = raw.finding.as_ref().filter(|_| !finding.is_empty()) {
        if !is_finding(&finding) {
            let message = format!("`{finding}` is no identifier of a finding");
            table.report(
                Diagnostic::new(Code::UnknownValue, table.at(written), message, "not of the form `F-3f2a9c01`")
                    .help("copy it from the last column of `scopefence assess`"),
            );
        }
        if let Some(before) = seen.insert(finding.clone(), table.at(written)) {
            let message = format!("two entries of the plan are about {finding}");
            table.report(
                Diagnostic::new(Code::DuplicateId, table.at(written), message, "again here").also(before, "first here"),
            );
        }
    }
    let deviation = raw.deviation.as_ref().and_then(|_| table.word(&raw.deviation, "deviation", DEVIATIONS));
    let severity = raw.severity.as_ref().and_then(|_| table.word(&raw.severity, "severity", SEVERITIES));
    if raw.deviation.is_some() {
        table.required(&raw.reason, "reason");
    }
    if severity.is_some() {
        table.required(&raw.deviation, "deviation");
    }
    if raw.deviation.is_some() && deviation == Some(Deviation::RiskAdjustment) {
        table.required(&raw.severity, "severity");
    }
    let milestone = |item: &toml::Spanned<raw::Milestone>| {
        let table = table.within(item, "poam.milestone");
        let raw = item.get_ref();
        table.required(&raw.date, "date");
        Milestone {
            date: table.date(&raw.date, "date").unwrap_or_default(),
            what: table.text(&raw.what, "what"),
            done: table.date(&raw.done, "done"),
        }
    };
    PoamEntry {
        finding,
        status: table.word_or(&raw.status, "status", STATUSES, PoamStatus::Open),
        scheduled: table.date(&raw.scheduled, "scheduled"),
        owner: raw.owner.as_ref().map(|_| table.party(&raw.owner, "owner")),
        milestones: raw.milestone.iter().flatten().map(milestone).collect(),
        vendor: table.optional(&raw.vendor),
        vendor_checked: table.date(&raw.vendor_checked, "vendor-checked"),
        deviation,
        severity,
        reason: table.optional(&raw.reason),
        comment: table.optional(&raw.comment),
    }
}

/// `F-` and eight hexadecimal digits.
fn is_finding(text: &str) -> bool {
    let digits = text.strip_prefix("F-").unwrap_or_default();
    digits.len() == 8 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}
