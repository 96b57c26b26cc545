//! The certificate that the API server presented when the evidence was collected.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::observed::{Observed, Reading};
use crate::ownership::Join;

/// A certificate as a server presented it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "kebab-case"))]
pub struct ApiCertificate {
    /// Whose, for example `CN=kube-apiserver`.
    pub subject: String,
    /// By whom, for example `CN=kubernetes`.
    pub issuer: String,
    /// DNS names and addresses that it is valid for.
    pub names: Vec<String>,
    /// Valid from.
    pub not_before: DateTime<Utc>,
    /// Valid until.
    pub not_after: DateTime<Utc>,
    /// Version of TLS agreed on: the best of both sides, not the oldest that the server takes.
    pub protocol: Option<String>,
    /// Cipher suite agreed on.
    pub cipher_suite: Option<String>,
    /// Whole days until it ends; negative when it has ended.
    #[serde(skip_deserializing)]
    pub days_left: i64,
}

pub(crate) fn observe(join: &Join<'_>, as_of: DateTime<Utc>) -> Observed<Option<ApiCertificate>> {
    let mut reading = Reading::new(join.snapshot());
    let mut found = None;
    if let Some(probe) = reading.probe("api-certificate") {
        match probe.body::<Option<ApiCertificate>>() {
            Ok(certificate) => found = certificate,
            Err(error) => reading.odd_probe(probe, error),
        }
    }
    if let Some(certificate) = &mut found {
        certificate.days_left = (certificate.not_after - as_of).num_seconds().div_euclid(86_400);
    }
    reading.finish(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::testing::{list, moment, probe, snapshot, workspace},
        facts::State,
        ownership,
        snapshot::Completeness,
    };

    fn fact(completeness: Completeness, body: &serde_json::Value) -> Observed<Option<ApiCertificate>> {
        let workspace = workspace(Vec::new());
        let mut snapshot = snapshot(vec![list("Pod", Vec::new())]);
        snapshot.probes = vec![probe("api-certificate", completeness, body)];
        observe(&ownership::join(&workspace, &snapshot), moment())
    }

    #[test]
    fn days_are_counted_to_the_end() {
        let end = moment() + chrono::TimeDelta::hours(49);
        let body = json!({"subject": "CN=kube-apiserver", "issuer": "CN=kubernetes", "names": ["10.96.0.1"],
            "not-before": moment(), "not-after": end, "protocol": "TLS 1.3", "cipher-suite": null});
        let found = fact(Completeness::Complete, &body);
        let certificate = found.complete().and_then(Option::as_ref).expect("seen");
        assert_eq!((certificate.days_left, certificate.protocol.as_deref()), (2, Some("TLS 1.3")));
    }

    #[test]
    fn without_a_handshake_nothing_is_known() {
        let failed = fact(Completeness::Failed("no connection".to_owned()), &serde_json::Value::Null);
        assert_eq!((failed.state(), failed.seen()), (State::Failed, &None));
        assert_eq!(fact(Completeness::Complete, &json!({"subject": 7})).state(), State::Partial);
    }
}
