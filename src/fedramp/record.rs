//! Security Decision Record: ports, and how controls, rules and Key Security Indicators are met.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    build::{Build, line, list, object, plain, prose, some},
    evidence::{Tests, pieces, validation},
    status,
};
use crate::{
    facts::transports,
    markdown,
    sort::Sort,
    workspace::{
        Component, ControlId, Implementation, Origination,
        fedramp::{CONTROLS, INDICATORS, RULES},
    },
};

/// The whole file.
pub(super) fn of(build: &Build<'_>) -> Value {
    object([
        ("$schema", format!("{}{}", super::SCHEMAS, super::RECORD).into()),
        ("metadata", object(build.metadata())),
        ("certificationPackageOverviewUri", build.fedramp.overview.as_str().into()),
        ("portsAndProtocols", some(ports(build))),
        ("securityControls", some(stated(build, CONTROLS, None).iter().map(|id| control(build, id)))),
        ("fedRampRequirements", list(stated(build, RULES, build.fedramp.rules()).iter().map(|id| rule(build, id)))),
        (
            "keySecurityIndicators",
            some(stated(build, INDICATORS, build.fedramp.indicators()).iter().map(|id| indicator(build, id))),
        ),
    ])
}

/// Controls of a framework that have a statement, those that the assessor speaks of, and those that are asked for, in the
/// order of the catalog.
fn stated(build: &Build<'_>, framework: &str, asked: Option<&str>) -> Vec<ControlId> {
    let statements = build.workspace.implementations.iter().map(|item| &item.control);
    let mut controls: BTreeSet<&ControlId> = statements.filter(|control| control.framework() == framework).collect();
    let assessed = build.fedramp.assessed.iter().flat_map(|it| &it.controls);
    controls.extend(assessed.filter(|control| control.framework() == framework));
    let asked = asked.and_then(|name| build.frameworks.baseline(framework, name));
    controls.extend(asked.iter().flat_map(|baseline| &baseline.controls));
    let mut controls: Vec<ControlId> = controls.into_iter().cloned().collect();
    controls.order_by(|a, b| build.frameworks.compare(a, b));
    controls
}

/// Declared interfaces and connections that name ports.
fn ports(build: &Build<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for interface in &build.workspace.interfaces {
        let Some(numbers) = interface.port.as_deref() else { continue };
        let protocol = interface.protocol.as_deref().unwrap_or_default();
        all.extend(ranges(numbers).flat_map(|range| port(&interface.title, range, protocol, None, &interface.crosses)));
    }
    for connection in &build.workspace.connections {
        let encryption = connection.encryption.as_deref().unwrap_or("None");
        let (title, data) = (&connection.title, &connection.data);
        let numbers = connection.ports.iter().map(ToString::to_string);
        all.extend(numbers.flat_map(|range| port(title, range, &connection.protocol, Some(encryption), data)));
    }
    all
}

/// One entry for each transport. Where no protocol is declared, nobody said which it is.
fn port(title: &str, range: String, protocol: &str, encryption: Option<&str>, purpose: &str) -> Vec<Value> {
    let transports: Vec<Option<&str>> = match protocol.trim() {
        "" => vec![None],
        known => transports(known).into_iter().map(|it| Some(it.as_str())).collect(),
    };
    let purpose = if protocol.trim().is_empty() { purpose.to_owned() } else { format!("{protocol}: {purpose}") };
    let entry = |transport: Option<&str>| {
        object([
            ("serviceName", line(title)),
            ("portNumber", range.as_str().into()),
            ("transportProtocol", transport.into()),
            ("encryption", encryption.map_or(Value::Null, line)),
            ("purpose", line(&purpose)),
        ])
    };
    transports.into_iter().map(entry).collect()
}

/// Ports that a text names: `443, 6443`, `30000-32767`.
fn ranges(text: &str) -> impl Iterator<Item = String> {
    let range = |word: &str| {
        let (from, to) = word.split_once(['-', '–']).unwrap_or((word, word));
        let (from, to): (u16, u16) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        Some(if from == to { from.to_string() } else { format!("{from}-{to}") })
    };
    text.split([',', ' ', ';']).filter_map(range)
}

/// The word for how far an item is implemented, as [`status::of`] finds it.
fn word(build: &Build<'_>, control: &ControlId, tests: &Tests<'_>) -> Value {
    let found = build.implementation(control).zip(build.posture(control));
    let status = found.and_then(|(item, posture)| status::of(item.status, posture.standing, tests.shown(build)));
    status.map(status::Status::as_str).into()
}

fn control(build: &Build<'_>, id: &ControlId) -> Value {
    let tests = Tests::of(build, id);
    let item = build.implementation(id);
    let mut description = Vec::new();
    if let Some(item) = item {
        description.push(markdown::narrative(&item.narrative));
        description.push(responsibility(build, item));
    }
    description.extend(validation(build, id, &tests));
    // The schema has no field of its own for it at controls.
    let assessed = build.fedramp.assessed.iter().filter(|it| it.controls.contains(id));
    let assessor = build.fedramp.assessor.as_ref().map_or("The assessor", |assessor| assessor.name.as_str());
    description.extend(assessed.map(|it| format!("{}: {}", plain(assessor), markdown::narrative(&it.statement))));
    description.retain(|part| !part.is_empty());
    let parameters = item.into_iter().flat_map(|item| &item.parameters).filter(|(_, value)| !value.trim().is_empty());
    object([
        ("controlId", build.frameworks.label(id).into()),
        ("controlImplementationStatus", word(build, id, &tests)),
        (
            "parameterValues",
            some(
                parameters.map(|(name, value)| object([("parameterId", line(name)), ("parameterValue", line(value))])),
            ),
        ),
        ("controlImplementationDescription", description.join("\n\n").into()),
    ])
}

/// Who answers for a control and through what, Markdown.
fn responsibility(build: &Build<'_>, item: &Implementation) -> String {
    let team = plain(&build.workspace.team(&item.team).name);
    let components: Vec<&Component> = item.components.iter().map(|id| build.workspace.component(id)).collect();
    let titles: Vec<String> = components.iter().map(|one| plain(&one.title)).collect();
    let through = if titles.is_empty() { String::new() } else { format!(" Through: {}.", titles.join(", ")) };
    format!("{team} answers for it; {}.{through}", origination(item.origination))
}

fn origination(origination: Origination) -> &'static str {
    match origination {
        Origination::Organization => "it is met by the organization as a whole",
        Origination::SystemSpecific => "it is met by this system alone",
        Origination::CustomerConfigured => "the customer configures it",
        Origination::CustomerProvided => "the customer provides it",
        Origination::Inherited => "it is inherited from a provider",
        Origination::Shared => "it is shared with others",
    }
}

/// How an item is implemented: its own statement.
fn implementation(item: Option<&Implementation>) -> Vec<Value> {
    let narrative = item.map(|item| prose(&item.narrative));
    narrative.into_iter().filter(|text| text.as_str() != Some("")).collect()
}

/// What the independent assessor says.
fn assessment(build: &Build<'_>, id: &ControlId) -> Value {
    let about = build.fedramp.assessed.iter().filter(|it| it.controls.contains(id));
    list(about.map(|it| prose(&it.statement)))
}

fn rule(build: &Build<'_>, id: &ControlId) -> Value {
    let tests = Tests::of(build, id);
    let item = build.implementation(id);
    let mut said = validation(build, id, &tests);
    said.extend(item.into_iter().flat_map(|item| &item.evidence).map(|piece| {
        let digest = piece.digest.as_ref().map(|digest| format!(", SHA-256 {digest}")).unwrap_or_default();
        let date = piece.date.map(|date| format!(", {date}")).unwrap_or_default();
        plain(&format!("Evidence: {}, {}{date}{digest}", piece.title, piece.location))
    }));
    object([
        ("frrID", build.frameworks.label(id).into()),
        ("frrImplementationStatus", word(build, id, &tests)),
        ("frrImplementation", list(implementation(item))),
        ("frrValidation", list(said.into_iter().map(Value::from))),
        ("frrAssessment", assessment(build, id)),
    ])
}

fn indicator(build: &Build<'_>, id: &ControlId) -> Value {
    let tests = Tests::of(build, id);
    let item = build.implementation(id);
    let mut how = implementation(item);
    if item.is_none() {
        how.extend(related(build, id).map(Value::from));
    }
    object([
        ("ksiId", build.frameworks.label(id).into()),
        ("ksiImplementationStatus", word(build, id, &tests)),
        ("ksiImplementation", list(how)),
        ("ksiValidation", list(validation(build, id, &tests).into_iter().map(Value::from))),
        ("ksiAssessment", assessment(build, id)),
        ("ksiTests", tests.titles(build)),
        ("ksiEvidence", pieces(build, &tests, item)),
    ])
}

/// Of an indicator without a statement: which controls that FedRAMP lists for it are stated. They answer a part.
fn related(build: &Build<'_>, id: &ControlId) -> Option<String> {
    let links = build.frameworks.links(id, CONTROLS);
    let mut stated: Vec<&ControlId> =
        links.iter().map(|link| &link.to).filter(|to| build.implementation(to).is_some()).collect();
    stated.order_by(|a, b| build.frameworks.compare(a, b));
    let names: Vec<String> = stated.iter().map(|to| plain(&build.named(to))).collect();
    (!names.is_empty()).then(|| {
        format!(
            "No statement of its own. Of the controls that FedRAMP lists for it these are stated under `securityControls`, \
             and answer a part of it: {}.",
            names.join("; ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_from_words() {
        let read = |text: &str| ranges(text).collect::<Vec<_>>();
        assert_eq!(read("443, 6443"), ["443", "6443"]);
        assert_eq!(read("30000–32767;22"), ["30000-32767", "22"]);
        assert_eq!(read("any, 70000, -1, 4-"), [""; 0]);
    }

    #[test]
    fn a_transport_is_said_only_where_a_protocol_is() {
        let said = port("Names", "53".to_owned(), "DNS", Some("None"), "look-ups");
        let transports: Vec<&str> = said.iter().map(|it| it["transportProtocol"].as_str().unwrap()).collect();
        assert_eq!(transports, ["UDP", "TCP"]);
        assert_eq!(said[0]["purpose"], "DNS: look-ups");
        let said = port("Something", "9".to_owned(), "", None, "x");
        assert_eq!(said, [serde_json::json!({"serviceName": "Something", "portNumber": "9", "purpose": "x"})]);
    }
}
