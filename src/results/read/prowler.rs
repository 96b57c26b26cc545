//! Prowler: detection findings of OCSF, a list or one after another. The requirements that Prowler counts a check to are
//! named in the file itself (`unmapped.compliance`). Descriptions of what was found, and data of resources, are not kept.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    super::rows::{Answer, Rows, object, severity, short, time},
    Problem, json_each, or_none,
};
use crate::assess::Outcome;

#[derive(Deserialize)]
struct Finding {
    metadata: Metadata,
    #[serde(default, deserialize_with = "or_none")]
    finding_info: Info,
    #[serde(default, deserialize_with = "or_none")]
    severity: String,
    #[serde(default, deserialize_with = "or_none")]
    status: String,
    status_code: String,
    #[serde(default, deserialize_with = "or_none")]
    unmapped: Unmapped,
    #[serde(default, deserialize_with = "or_none")]
    resources: Vec<Resource>,
    #[serde(default, deserialize_with = "or_none")]
    time_dt: String,
    #[serde(default, deserialize_with = "or_none")]
    time: i64,
}

#[derive(Deserialize)]
struct Metadata {
    event_code: String,
    #[serde(default, deserialize_with = "or_none")]
    product: Product,
}

#[derive(Default, Deserialize)]
struct Product {
    #[serde(default, deserialize_with = "or_none")]
    name: String,
    #[serde(default, deserialize_with = "or_none")]
    version: String,
}

#[derive(Default, Deserialize)]
struct Info {
    #[serde(default, deserialize_with = "or_none")]
    title: String,
}

#[derive(Default, Deserialize)]
struct Unmapped {
    #[serde(default, deserialize_with = "or_none")]
    compliance: BTreeMap<String, Vec<String>>,
    #[serde(default, deserialize_with = "or_none")]
    provider: String,
    #[serde(default, deserialize_with = "or_none")]
    provider_uid: String,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default, deserialize_with = "or_none")]
    name: String,
    #[serde(default, deserialize_with = "or_none")]
    namespace: String,
    #[serde(rename = "type", default, deserialize_with = "or_none")]
    kind: String,
    #[serde(default, deserialize_with = "or_none")]
    uid: String,
}

pub(super) fn read(text: &str) -> Result<Rows, Problem> {
    let mut rows = Rows::default();
    for finding in json_each::<Finding>(text)? {
        if !finding.metadata.product.name.is_empty() && finding.metadata.product.name != "Prowler" {
            rows.leave_out("findings of other products", 1);
            continue;
        }
        let unmapped = &finding.unmapped;
        let epoch = chrono::DateTime::from_timestamp(finding.time, 0);
        rows.at(time(&finding.time_dt).or(epoch));
        rows.version = rows
            .version
            .take()
            .or_else(|| Some(short(&finding.metadata.product.version)).filter(|version| !version.is_empty()));
        if unmapped.provider == "kubernetes" && !unmapped.provider_uid.is_empty() {
            rows.cluster = Some(short(&unmapped.provider_uid));
        }
        let resource = finding.resources.first();
        // Older versions name no provider, but the kind of each resource.
        rows.of_cluster |= resource.is_some_and(|it| it.kind.starts_with("Kubernetes"));
        let object = resource.and_then(|it| {
            let name = if it.name.is_empty() { &it.uid } else { &it.name };
            object(&it.kind, &it.namespace, name)
        });
        let answer = Answer {
            rule: &finding.metadata.event_code,
            title: Some(&finding.finding_info.title),
            severity: severity(&finding.severity),
            object,
            ..Answer::default()
        };
        for (framework, controls) in &unmapped.compliance {
            for control in controls {
                rows.name(&answer, framework, control);
            }
        }
        rows.add(answer, outcome(&finding.status_code, &finding.status));
    }
    Ok(rows)
}

/// Status codes of Prowler; `Suppressed` is a finding that Prowler was told to mute.
fn outcome(code: &str, status: &str) -> Outcome {
    match code {
        "PASS" => Outcome::Pass,
        "FAIL" if status == "Suppressed" => Outcome::Manual,
        "FAIL" => Outcome::Fail,
        "MANUAL" | "MUTED" => Outcome::Manual,
        _ => Outcome::Error,
    }
}
