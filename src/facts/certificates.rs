//! cert-manager certificates and the days left on them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    nodes::{Condition, ready},
    observed::{Observed, Reading},
};
use crate::{
    ownership::Join,
    snapshot::Object,
    workspace::{ComponentId, TeamId},
};

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Component it belongs to.
    pub component: Option<ComponentId>,
    /// Team accountable for the component.
    pub team: Option<TeamId>,
    /// DNS names.
    pub dns_names: Vec<String>,
    /// Issuer as `ClusterIssuer letsencrypt-prod`.
    pub issuer: String,
    /// Expiry, UTC; `None` when not issued.
    pub not_after: Option<DateTime<Utc>>,
    /// Planned renewal, UTC.
    pub renewal: Option<DateTime<Utc>>,
    /// Whole days from the assessment's clock to expiry, negative once expired.
    pub days_left: Option<i64>,
    /// The `Ready` condition is true.
    pub ready: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    spec: Spec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    dns_names: Option<Vec<String>>,
    issuer_ref: IssuerRef,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IssuerRef {
    kind: Option<String>,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    not_after: Option<DateTime<Utc>>,
    renewal_time: Option<DateTime<Utc>>,
    conditions: Option<Vec<Condition>>,
}

/// Reads one Certificate at a time, without its owner.
pub(crate) fn certificate(object: &Object, as_of: DateTime<Utc>) -> serde_json::Result<Certificate> {
    let body: Body = object.body()?;
    Ok(Certificate {
        namespace: object.namespace.to_string(),
        name: object.name.to_string(),
        component: None,
        team: None,
        dns_names: body.spec.dns_names.unwrap_or_default(),
        issuer: format!("{} {}", body.spec.issuer_ref.kind.as_deref().unwrap_or("Issuer"), body.spec.issuer_ref.name),
        not_after: body.status.not_after,
        renewal: body.status.renewal_time,
        // Whole days, downwards: a certificate that expired an hour ago has -1 days left.
        days_left: body.status.not_after.map(|end| (end - as_of).num_seconds().div_euclid(86_400)),
        ready: ready(body.status.conditions.as_deref()),
    })
}

pub(super) fn observe(join: &Join<'_>, as_of: DateTime<Utc>) -> Observed<Vec<Certificate>> {
    let mut reading = Reading::new(join.snapshot());
    let owners = join.owners("cert-manager.io", "Certificate");
    let mut found = Vec::new();
    for (index, object) in reading.need("cert-manager.io", "Certificate").iter().enumerate() {
        match certificate(object, as_of) {
            Err(error) => reading.odd(object, error),
            Ok(certificate) => {
                let (component, team) = owners.of(index);
                found.push(Certificate { component, team, ..certificate });
            }
        }
    }
    found.sort_by(|a, b| (&a.not_after, &a.namespace, &a.name).cmp(&(&b.not_after, &b.namespace, &b.name)));
    reading.finish(found)
}
