//! What both files share: the inputs, who is who, and the small shapes of JSON.

use std::{collections::BTreeMap, fmt::Display};

use chrono::SecondsFormat;
use serde_json::{Value, json};

use crate::{
    assess::{Assessment, Check, CheckResult, ControlPosture},
    frameworks::Frameworks,
    markdown, pretty,
    schema::format::is_mail,
    visible::spelled_out,
    workspace::{CheckId, ControlId, Fedramp, Implementation, OrganizationKind, Party, Workspace},
};

/// The inputs of one export.
pub(super) struct Build<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) assessment: &'a Assessment,
    pub(super) fedramp: &'a Fedramp,
    pub(super) frameworks: &'a Frameworks,
    implementations: BTreeMap<&'a ControlId, &'a Implementation>,
    postures: BTreeMap<&'a ControlId, &'a ControlPosture>,
    results: BTreeMap<&'a CheckId, Vec<&'a CheckResult>>,
}

impl<'a> Build<'a> {
    pub(super) fn new(workspace: &'a Workspace, assessment: &'a Assessment, fedramp: &'a Fedramp) -> Self {
        let mut results: BTreeMap<&CheckId, Vec<&CheckResult>> = BTreeMap::new();
        for result in &assessment.results {
            results.entry(&result.check).or_default().push(result);
        }
        Self {
            workspace,
            assessment,
            fedramp,
            frameworks: &workspace.frameworks,
            implementations: workspace.implementations.iter().map(|it| (&it.control, it)).collect(),
            postures: assessment.controls.iter().map(|it| (&it.control, it)).collect(),
            results,
        }
    }

    /// The statement about a control.
    pub(super) fn implementation(&self, control: &ControlId) -> Option<&'a Implementation> {
        self.implementations.get(control).copied()
    }

    /// Where a control stands.
    pub(super) fn posture(&self, control: &ControlId) -> Option<&'a ControlPosture> {
        self.postures.get(control).copied()
    }

    /// What a check said, by cluster.
    pub(super) fn results(&self, check: &CheckId) -> &[&'a CheckResult] {
        self.results.get(check).map_or(&[], Vec::as_slice)
    }

    pub(super) fn check(&self, id: &CheckId) -> Option<&'a Check> {
        self.assessment.check(id)
    }

    /// Name of our own organization.
    pub(super) fn provider(&self) -> &'a str {
        let own = self.workspace.organizations.iter().find(|one| one.kind == OrganizationKind::Own);
        own.map_or(self.workspace.style.organisation.as_str(), |own| own.name.as_str())
    }

    /// Identifier that FedRAMP assigned; until then name and acronym, as the schema asks.
    pub(super) fn package_id(&self) -> String {
        let assigned = self.fedramp.package_id.clone();
        assigned.unwrap_or_else(|| format!("{} {}", self.provider(), self.fedramp.acronym))
    }

    /// What the rules ask of every file beside its schema: version, last update and its source (SDR-CSO-MTD,
    /// CPO-CSO-MTD), and the identifier of the offering (CDS-CSO-FID).
    pub(super) fn metadata(&self) -> Vec<(&'static str, Value)> {
        let control = &self.workspace.control;
        let revision = control.revisions.iter().max_by_key(|revision| revision.date);
        let dates = control.revisions.iter().map(|revision| revision.date);
        let declared = dates.chain(control.completed).chain(control.approved).max();
        let updated = match (self.assessment.as_of, declared) {
            (Some(at), _) => at.to_rfc3339_opts(SecondsFormat::Secs, true).into(),
            (None, Some(day)) => format!("{day}T00:00:00Z").into(),
            (None, None) => Value::Null,
        };
        let evidence = self.assessment.clusters.iter().map(|cluster| {
            let header = &cluster.header;
            format!("Cluster {}, {}, {}", header.cluster.id, super::evidence::came(header), header.ended)
        });
        let source = match revision {
            Some(revision) => format!("Declarations, {}: {}", revision.author, revision.change),
            None => "Declarations".to_owned(),
        };
        vec![
            ("fedRampPackageId", line(self.package_id())),
            ("version", line(&control.version)),
            ("lastUpdated", updated),
            ("sourceOfUpdate", list(std::iter::once(source).chain(evidence).map(line))),
        ]
    }

    /// Name, e-mail address and telephone of a contact, as far as the schema takes them.
    pub(super) fn contact(&self, party: &Party) -> Vec<(&'static str, Value)> {
        let (name, title, mail, phone) = match party {
            Party::Person(id) => {
                let person = self.workspace.person(id);
                (&person.name, person.title.as_deref(), person.email.as_deref(), person.phone.as_deref())
            }
            Party::Team(id) => {
                let team = self.workspace.team(id);
                (&team.name, None, team.email.as_deref(), team.phone.as_deref())
            }
        };
        vec![
            ("contactName", line(name)),
            ("contactTitle", title.map_or(Value::Null, line)),
            ("contactEmail", mail.filter(|mail| is_mail(mail)).into()),
            ("contactPhone", phone.and_then(telephone).into()),
        ]
    }

    /// `AC-6(5) Privileged Accounts`.
    pub(super) fn named(&self, control: &ControlId) -> String {
        match self.frameworks.control(control) {
            Some(known) => format!("{} {}", known.label, known.title),
            None => control.control().to_owned(),
        }
    }
}

/// A telephone number of the North American plan as FedRAMP writes it: `202-555-0123`. Of others it has no form.
fn telephone(number: &str) -> Option<String> {
    let known = number.chars().all(|it| it.is_ascii_digit() || " +-().".contains(it));
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let digits = match (number.trim().starts_with('+'), digits.strip_prefix('1')) {
        (true, rest) => rest?,
        (false, Some(rest)) if rest.len() == 10 => rest,
        (false, _) => &digits,
    };
    let [area, office, rest] = [digits.get(..3)?, digits.get(3..6)?, digits.get(6..)?];
    (known && rest.len() == 4).then(|| format!("{area}-{office}-{rest}"))
}

/// An object of these fields, without nulls and empty texts; empty lists say something here and stay.
pub(super) fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let says = |value: &Value| !value.is_null() && value.as_str() != Some("");
    pretty::object(&mut fields.into_iter().filter(|(_, value)| says(value)))
}

/// A list of what there is.
pub(super) fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::Array(items.into_iter().collect())
}

/// A list, or nothing where it is empty.
pub(super) fn some(items: impl IntoIterator<Item = Value>) -> Value {
    let items: Vec<Value> = items.into_iter().collect();
    if items.is_empty() { Value::Null } else { items.into() }
}

/// Plain text on one line; what deceives the eye is spelled out.
pub(super) fn line(text: impl Display) -> Value {
    spelled_out(&text.to_string()).split_whitespace().collect::<Vec<_>>().join(" ").into()
}

/// A Markdown field of the workspace, without HTML.
pub(super) fn prose(text: &str) -> Value {
    json!(markdown::narrative(text))
}

/// Plain text within Markdown.
pub(super) fn plain(text: &str) -> String {
    markdown::inline(&spelled_out(text))
}

#[cfg(test)]
mod tests {
    use super::telephone;

    #[test]
    fn numbers_of_other_plans_have_no_form() {
        for (written, read) in [
            ("202-555-0123", Some("202-555-0123")),
            ("(202) 555 0123", Some("202-555-0123")),
            ("+1 202.555.0123", Some("202-555-0123")),
            ("1-202-555-0123", Some("202-555-0123")),
            ("+46 8 555 010 10", None),
            ("+46 70 555 01 01", None),
            ("202-555-0123 ext. 4", None),
            ("555-0123", None),
            ("٢٠٢-555-0123", None),
            ("", None),
        ] {
            assert_eq!(telephone(written).as_deref(), read, "{written}");
        }
    }
}
