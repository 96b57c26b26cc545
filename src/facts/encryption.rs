//! Encryption at rest: what the API server wrote and read through which provider since it started.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::observed::{Observed, Reading};
use crate::ownership::Join;

/// How one kind of resource went to or came from storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transformation {
    /// Resource, for example `secrets`; empty for API servers that do not say.
    pub resource: String,
    /// Written to storage; else read from it.
    pub written: bool,
    /// Provider with its version, for example `secretbox:v1`; `None` for clear text.
    pub provider: Option<String>,
    /// How often, since the API server that answered started.
    pub count: u64,
}

#[derive(Deserialize)]
struct Sample {
    #[serde(default)]
    resource: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    transformation_type: String,
    #[serde(default)]
    transformer_prefix: String,
    count: f64,
}

pub(crate) fn observe(join: &Join<'_>) -> Observed<Vec<Transformation>> {
    let mut reading = Reading::new(join.snapshot());
    let mut sums: BTreeMap<(String, bool, Option<String>), f64> = BTreeMap::new();
    if let Some(probe) = reading.probe("encryption-at-rest") {
        match probe.body::<Vec<Sample>>() {
            Err(error) => reading.odd_probe(probe, error),
            Ok(samples) => {
                for sample in samples.into_iter().filter(|sample| sample.status == "OK") {
                    let written = sample.transformation_type == "to_storage";
                    let provider = match sample.transformer_prefix.strip_prefix("k8s:enc:") {
                        Some(provider) => Some(provider.trim_end_matches(':').to_owned()),
                        None if ["", "identity"].contains(&&*sample.transformer_prefix) => None,
                        // A key within a provider, which is counted already.
                        None => continue,
                    };
                    *sums.entry((sample.resource, !written, provider)).or_default() += sample.count;
                }
            }
        }
    }
    let one = |((resource, read, provider), count): ((String, bool, Option<String>), f64)| Transformation {
        resource,
        written: !read,
        provider,
        // Counters are whole and not negative; a broken one saturates.
        count: count as u64,
    };
    reading.finish(sums.into_iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::testing::{list, probe, snapshot, workspace},
        facts::State,
        ownership,
        snapshot::Completeness,
    };

    fn fact(asked: Option<(Completeness, serde_json::Value)>) -> Observed<Vec<Transformation>> {
        let workspace = workspace(Vec::new());
        let mut snapshot = snapshot(vec![list("Pod", Vec::new())]);
        snapshot.probes =
            asked.into_iter().map(|(completeness, body)| probe("encryption-at-rest", completeness, &body)).collect();
        observe(&ownership::join(&workspace, &snapshot))
    }

    #[test]
    fn providers_in_use_and_clear_text_are_told_apart() {
        let sample = |kind: &str, prefix: &str, status: &str| json!({"resource": "secrets", "status": status, "transformation_type": kind, "transformer_prefix": prefix, "count": 12.0});
        let fact = fact(Some((
            Completeness::Complete,
            json!([
                sample("to_storage", "k8s:enc:secretbox:v1:", "OK"),
                sample("to_storage", "key1:", "OK"),
                sample("from_storage", "identity", "OK"),
                sample("from_storage", "k8s:enc:aescbc:v1:", "Internal"),
            ]),
        )));
        assert_eq!(fact.state(), State::Complete);
        let seen: Vec<_> = fact.seen().iter().map(|it| (it.written, it.provider.as_deref(), it.count)).collect();
        assert_eq!(seen, [(true, Some("secretbox:v1"), 12), (false, None, 12)]);
        assert_eq!(fact.evidence()[0].path, "/encryption-at-rest");
    }

    #[test]
    fn what_was_not_read_is_not_absent() {
        assert_eq!(fact(None).state(), State::NotCollected);
        let forbidden = fact(Some((Completeness::Forbidden("no".to_owned()), json!([]))));
        assert_eq!(forbidden.state(), State::Forbidden);
        let odd = fact(Some((Completeness::Complete, json!({"a": 1}))));
        assert_eq!(odd.state(), State::Partial, "{:?}", odd.reasons());
    }
}
