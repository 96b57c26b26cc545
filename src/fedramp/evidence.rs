//! What tests an item, what they showed, and on which evidence.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::Value;

use super::{
    build::{Build, line, list, object, plain},
    status::{self, Shown},
};
use crate::{
    assess::{CheckResult, ClusterEvidence, Outcome},
    snapshot::{Header, Source},
    sort::Sort,
    workspace::{
        AttachedEvidence, CheckId, ControlId, Implementation,
        fedramp::{CONTROLS, INDICATORS},
    },
};

/// The checks that test an item.
pub(super) struct Tests<'a> {
    /// Checks, by identifier.
    pub(super) checks: Vec<&'a CheckId>,
    /// They question controls that FedRAMP lists for the indicator, not the indicator itself.
    pub(super) through: Vec<&'a ControlId>,
}

impl<'a> Tests<'a> {
    /// The checks of the control itself; of an indicator without any, those of the controls that FedRAMP lists for it.
    pub(super) fn of(build: &Build<'a>, control: &ControlId) -> Self {
        let own = build.posture(control).map_or(&[][..], |posture| &posture.checks);
        if !own.is_empty() || control.framework() != INDICATORS {
            return Self { checks: own.iter().collect(), through: Vec::new() };
        }
        let links = build.frameworks.links(control, CONTROLS);
        let mut postures: Vec<_> = links.iter().filter_map(|link| build.posture(&link.to)).collect();
        postures.retain(|posture| !posture.checks.is_empty());
        let mut checks: Vec<&CheckId> = postures.iter().flat_map(|posture| &posture.checks).collect();
        checks.order();
        checks.dedup();
        let mut through: Vec<&ControlId> = postures.iter().map(|posture| &posture.control).collect();
        through.order_by(|a, b| build.frameworks.compare(a, b));
        Self { checks, through }
    }

    /// Whether one passes, or fails on some of its objects only, and whether one fails. What passes of the controls that
    /// are listed for an indicator shows nothing of the indicator itself.
    pub(super) fn shown(&self, build: &Build<'_>) -> Shown {
        let results = || self.checks.iter().flat_map(|check| build.results(check));
        let in_part = |it: &CheckResult| it.outcome == Outcome::Fail && it.failures + it.odd < it.subjects;
        Shown {
            passed: self.through.is_empty() && results().any(|it| it.outcome == Outcome::Pass || in_part(it)),
            failed: results().any(|it| it.outcome == Outcome::Fail),
        }
    }

    /// `pod-privileged: No container is privileged`.
    pub(super) fn titles(&self, build: &Build<'_>) -> Value {
        list(self.checks.iter().map(|id| match build.check(id) {
            Some(check) => line(format_args!("{id}: {}", check.title)),
            None => line(id),
        }))
    }

    /// Outcomes in one sentence, Markdown.
    fn in_words(&self, build: &Build<'_>) -> String {
        let mut by: BTreeMap<Outcome, Vec<&CheckId>> = BTreeMap::new();
        for check in &self.checks {
            by.entry(outcome(build, check)).or_default().push(check);
        }
        let groups = by.into_iter().map(|(outcome, checks)| {
            let word = word(outcome);
            match outcome {
                Outcome::Pass | Outcome::NotApplicable => format!("{} {word}", checks.len()),
                _ => {
                    let names: Vec<String> = checks.iter().map(|id| format!("`{id}`")).collect();
                    format!("{} {word} ({})", checks.len(), names.join(", "))
                }
            }
        });
        groups.collect::<Vec<_>>().join(", ")
    }
}

/// What a check says over all clusters.
fn outcome(build: &Build<'_>, check: &CheckId) -> Outcome {
    let results = build.results(check).iter().map(|result| result.outcome);
    Outcome::roll_up(results).unwrap_or(Outcome::NotCollected)
}

/// An outcome as documents say it.
fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Fail => "fail",
        Outcome::NotApplicable => "not applicable",
        Outcome::Manual => "manual",
        Outcome::NotVisible => "not visible",
        Outcome::Forbidden => "forbidden",
        Outcome::Stale => "stale",
        Outcome::Error => "error",
        Outcome::NotCollected => "not collected",
    }
}

/// How an item is shown to be so, as statements in Markdown: what is declared, what tests say, who looked.
pub(super) fn validation(build: &Build<'_>, control: &ControlId, tests: &Tests<'_>) -> Vec<String> {
    let mut said = Vec::new();
    let implementation = build.implementation(control);
    if let (Some(item), Some(posture)) = (implementation, build.posture(control)) {
        said.push(format!(
            "Declared as {}. Where it stands: {}.",
            status::stated(item.status),
            status::words(posture.standing)
        ));
    }
    let count = tests.checks.len();
    let summary = tests.in_words(build);
    if build.assessment.clusters.is_empty() && count > 0 {
        said.push(format!(
            "{} named; none was run, since no evidence is collected.",
            counted(count, "test is", "tests are")
        ));
    } else if count > 0 && tests.through.is_empty() {
        said.push(format!("{}: {summary}.", counted(count, "test", "tests")));
    } else if count > 0 {
        let labels: Vec<&str> = tests.through.iter().map(|id| build.frameworks.label(id)).collect();
        said.push(format!(
            "No test is named for the indicator itself. {} of controls that FedRAMP lists for it ({}): {summary}. They show \
             a part of it at most.",
            counted(count, "test", "tests"),
            labels.join(", ")
        ));
    }
    if let Some(words) = implementation.and_then(|item| attested(build, item)) {
        said.push(plain(&words));
    }
    if said.is_empty()
        || (count == 0 && implementation.is_some_and(|item| item.attested.is_none() && item.evidence.is_empty()))
    {
        said.push("No test asks about it, and no date is declared on which somebody looked.".to_owned());
    }
    said
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Who found a statement true, and when. Somebody without a date proves nothing.
fn attested(build: &Build<'_>, item: &Implementation) -> Option<String> {
    let date = item.attested?;
    let who = item.attested_by.as_ref().map_or("Somebody", |party| build.workspace.party_name(party));
    let again = item.review_by.map(|day| format!(" To be looked at again by {day}.")).unwrap_or_default();
    Some(format!("{who} looked on {date} and found the statement true.{again}"))
}

/// Evidence of an item: one piece for each test on each cluster, each attached file, each attestation.
pub(super) fn pieces(build: &Build<'_>, tests: &Tests<'_>, implementation: Option<&Implementation>) -> Value {
    let results = tests.checks.iter().flat_map(|check| build.results(check));
    let observed = results.filter_map(|result| of_result(build, result));
    let attached = implementation.into_iter().flat_map(|item| &item.evidence).map(file);
    let attested = implementation.and_then(|item| {
        let words = attested(build, item)?;
        Some(object([
            ("evidenceDescription", line(words)),
            ("lastUpdated", item.attested.map_or(Value::Null, |day| day.to_string().into())),
        ]))
    });
    list(observed.chain(attached).chain(attested))
}

/// What a test saw on one cluster; nothing where nothing was read.
fn of_result(build: &Build<'_>, result: &CheckResult) -> Option<Value> {
    let cluster = build.assessment.clusters.iter().find(|one| one.header.cluster.id == result.cluster)?;
    let read = result.evidence.iter().map(|piece| piece.read_at).max()?;
    let mut text = String::new();
    for piece in &result.evidence {
        let _ = write!(text, "{}: {}, {} objects, read {}", piece.path, piece.completeness, piece.count, piece.read_at);
        if !piece.digest.is_empty() {
            let _ = write!(text, ", SHA-256 {}", piece.digest);
        }
        text.push('\n');
    }
    let _ = write!(text, "Snapshot: SHA-256 {}", cluster.digest);
    let text: Vec<String> = text.lines().map(crate::visible::spelled_out).collect();
    Some(object([
        ("evidenceType", "Configuration".into()),
        (
            "evidenceDescription",
            line(format_args!(
                "{}: {} on cluster {} ({}). {}",
                result.check,
                word(result.outcome),
                result.cluster,
                came(&cluster.header),
                result.reason
            )),
        ),
        ("evidenceLocation", snapshot(cluster).map_or(Value::Null, Value::from)),
        ("evidenceText", text.join("\n").into()),
        ("lastUpdated", read.date_naive().to_string().into()),
    ]))
}

/// An attached file or link. The schema's location is an absolute address: a file of the workspace is named by its
/// digest.
fn file(piece: &AttachedEvidence) -> Value {
    let address = crate::schema::format::is_uri(&piece.location).then(|| piece.location.clone());
    let address = address.or_else(|| piece.digest.as_deref().and_then(named));
    let digest = piece.digest.as_ref().map(|digest| format!("{}, SHA-256 {digest}", piece.location));
    object([
        ("evidenceDescription", line(&piece.title)),
        ("evidenceLocation", address.map_or(Value::Null, Value::from)),
        ("evidenceText", digest.map_or(Value::Null, line)),
        ("lastUpdated", piece.date.map_or(Value::Null, |day| day.to_string().into())),
    ])
}

/// The address of a snapshot: its content.
fn snapshot(cluster: &ClusterEvidence) -> Option<String> {
    named(&cluster.digest)
}

/// A file by its SHA-256, whatever its place: `ni:///sha-256;…` (RFC 6920, section 3).
fn named(digest: &str) -> Option<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let pairs = digest.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> =
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    let bytes = bytes.filter(|bytes| bytes.len() == 32)?;
    let mut out = String::from("ni:///sha-256;");
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(word >> (18 - 6 * place) & 63) as usize]));
        }
    }
    Some(out)
}

/// How evidence came here.
pub(super) fn came(header: &Header) -> &'static str {
    match (header.sample, header.source) {
        (true, _) => "sample evidence",
        (false, Source::Collected) => "collected evidence",
        (false, Source::Supplied) => "supplied evidence",
    }
}

#[cfg(test)]
mod tests {
    use super::named;

    /// RFC 6920, section 8.1.
    #[test]
    fn a_digest_is_an_address() {
        let digest = "7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069";
        assert_eq!(named(digest).as_deref(), Some("ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk"));
        for bad in ["", "7f83", "zz83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069"] {
            assert_eq!(named(bad), None, "{bad}");
        }
    }
}
