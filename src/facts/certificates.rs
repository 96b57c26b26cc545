//! cert-manager certificates and the days left on them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    nodes::{Condition, ready},
    observed::{Observed, Reading},
};
use crate::{
    ownership::Join,
    snapshot::{BodyError, Object},
    sort::Sort,
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
    /// Why it is not ready, in cert-manager's one word.
    pub reason: Option<String>,
    /// The time planned for its renewal has passed.
    pub overdue: bool,
    /// Secret that holds it, in the same namespace.
    pub secret: Option<String>,
    /// Private key as `RSA 2048`, where the object says.
    pub key: Option<String>,
}

/// What issues certificates, beside the certificates themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Issuance {
    /// cert-manager's issuers, by kind, namespace and name.
    pub issuers: Vec<Issuer>,
    /// Certificate requests that were refused or failed, as `namespace/name (reason)`.
    pub failed_requests: Vec<String>,
    /// Approved requests for client certificates of the Kubernetes API, newest first.
    pub clients: Vec<ClientRequest>,
}

/// An Issuer or ClusterIssuer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Issuer {
    /// `Issuer` or `ClusterIssuer`.
    pub kind: String,
    /// Namespace; empty for a ClusterIssuer.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// How it issues: `ACME https://…`, `CA`, `self-signed`, `Vault https://…`.
    pub how: String,
    /// The `Ready` condition is true.
    pub ready: Option<bool>,
    /// Why it is not ready, in cert-manager's one word.
    pub reason: Option<String>,
}

/// An approved CertificateSigningRequest for a client certificate that the API server accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientRequest {
    /// Name.
    pub name: String,
    /// Who asked for it. Whom the certificate names is in the request itself, which is not read.
    pub asked_by: String,
    /// When it was made, UTC.
    pub created: Option<DateTime<Utc>>,
    /// How long it asked to be valid, in seconds.
    pub seconds: Option<i64>,
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
    secret_name: Option<String>,
    private_key: Option<PrivateKey>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PrivateKey {
    algorithm: Option<String>,
    size: Option<u32>,
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
pub(crate) fn certificate(object: &Object, as_of: DateTime<Utc>) -> Result<Certificate, BodyError> {
    let body: Body = object.body()?;
    let conditions = body.status.conditions.as_deref();
    let key = body.spec.private_key.map(|key| {
        // cert-manager's default is RSA.
        let algorithm = key.algorithm.unwrap_or_else(|| "RSA".to_owned());
        key.size.map_or_else(|| algorithm.clone(), |size| format!("{algorithm} {size}"))
    });
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
        ready: ready(conditions),
        reason: unready(conditions),
        overdue: body.status.renewal_time.is_some_and(|time| time <= as_of),
        secret: body.spec.secret_name,
        key,
    })
}

/// Why the `Ready` condition is not true.
fn unready(conditions: Option<&[Condition]>) -> Option<String> {
    let condition = conditions?.iter().find(|condition| condition.kind == "Ready" && condition.status != "True")?;
    condition.reason.clone().filter(|reason| !reason.is_empty())
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
    found.order_by(|a, b| (&a.not_after, &a.namespace, &a.name).cmp(&(&b.not_after, &b.namespace, &b.name)));
    reading.finish(found)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IssuerBody {
    spec: IssuerSpec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct IssuerSpec {
    acme: Option<Server>,
    ca: Option<serde::de::IgnoredAny>,
    self_signed: Option<serde::de::IgnoredAny>,
    vault: Option<Server>,
    venafi: Option<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Server {
    server: Option<String>,
}

impl IssuerSpec {
    fn how(self) -> String {
        let at = |word: &str, server: Server| match server.server {
            Some(server) => format!("{word} {server}"),
            None => word.to_owned(),
        };
        match self {
            Self { acme: Some(server), .. } => at("ACME", server),
            Self { vault: Some(server), .. } => at("Vault", server),
            Self { ca: Some(_), .. } => "CA".to_owned(),
            Self { self_signed: Some(_), .. } => "self-signed".to_owned(),
            Self { venafi: Some(_), .. } => "Venafi".to_owned(),
            _ => String::new(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SigningBody {
    spec: SigningSpec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SigningSpec {
    signer_name: String,
    username: String,
    expiration_seconds: Option<i64>,
}

impl SigningBody {
    /// A certificate with which a client logs in was approved.
    pub(crate) fn is_client(&self) -> bool {
        let approved = |condition: &Condition| condition.kind == "Approved" && condition.status != "False";
        self.spec.signer_name == "kubernetes.io/kube-apiserver-client"
            && self.status.conditions.iter().flatten().any(approved)
    }

    /// Who asked.
    pub(crate) fn asked_by(&self) -> &str {
        &self.spec.username
    }
}

pub(super) fn issuance(join: &Join<'_>) -> Observed<Issuance> {
    let mut reading = Reading::new(join.snapshot());
    let mut found = Issuance::default();
    for kind in ["ClusterIssuer", "Issuer"] {
        for object in reading.wish("cert-manager.io", kind) {
            let Some(body) = reading.body::<IssuerBody>(object) else { continue };
            let conditions = body.status.conditions.as_deref();
            found.issuers.push(Issuer {
                kind: kind.to_owned(),
                namespace: object.namespace.to_string(),
                name: object.name.to_string(),
                ready: ready(conditions),
                reason: unready(conditions),
                how: body.spec.how(),
            });
        }
    }
    found.issuers.order();
    for object in reading.wish("cert-manager.io", "CertificateRequest") {
        let Some(body) = reading.body::<IssuerBody>(object) else { continue };
        let reason = unready(body.status.conditions.as_deref());
        if let Some(reason) = reason.filter(|reason| matches!(&**reason, "Failed" | "Denied")) {
            found.failed_requests.push(format!("{}/{} ({reason})", object.namespace, object.name));
        }
    }
    found.failed_requests.order();
    for object in reading.need("certificates.k8s.io", "CertificateSigningRequest") {
        let Some(body) = reading.body::<SigningBody>(object) else { continue };
        if body.is_client() {
            found.clients.push(ClientRequest {
                name: object.name.to_string(),
                asked_by: body.spec.username,
                created: object.created,
                seconds: body.spec.expiration_seconds,
            });
        }
    }
    found.clients.order_by(|a, b| (b.created, &a.name).cmp(&(a.created, &b.name)));
    reading.remark(
        "Kubernetes deletes approved requests after an hour: older client certificates are not visible".to_owned(),
    );
    reading.finish(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::testing::{list, moment, object, snapshot, workspace},
        ownership,
    };

    #[test]
    fn a_certificate_says_why_it_is_not_ready_and_whether_its_renewal_is_late() {
        // From the recorded cluster.
        let body = json!({
            "spec": { "secretName": "grafana-tls", "issuerRef": { "kind": "ClusterIssuer", "name": "letsencrypt-prod" },
                      "privateKey": { "algorithm": "ECDSA", "size": 256 } },
            "status": { "notAfter": "2026-11-19T09:47:07Z", "renewalTime": "2026-11-04T09:47:07Z", "conditions": [
                { "type": "Ready", "status": "False", "reason": "Expired" },
                { "type": "Issuing", "status": "False", "reason": "Failed" } ] } });
        let found = certificate(&object("monitoring", "grafana", body), moment()).expect("a certificate");
        assert_eq!((found.ready, found.reason.as_deref(), found.overdue), (Some(false), Some("Expired"), true));
        assert_eq!((found.secret.as_deref(), found.key.as_deref()), (Some("grafana-tls"), Some("ECDSA 256")));
    }

    #[test]
    fn approved_client_certificates_are_told_from_those_of_kubelets() {
        let request = |signer: &str, condition: &str| {
            json!({ "spec": { "signerName": signer, "username": "alice" },
                    "status": { "conditions": [{ "type": condition, "status": "True" }] } })
        };
        let client = "kubernetes.io/kube-apiserver-client";
        let snapshot = snapshot(vec![list(
            "certificates.k8s.io/CertificateSigningRequest",
            vec![
                object("", "approved", request(client, "Approved")),
                object("", "denied", request(client, "Denied")),
                object("", "kubelet", request("kubernetes.io/kubelet-serving", "Approved")),
            ],
        )]);
        let workspace = workspace(Vec::new());
        let observed = issuance(&ownership::join(&workspace, &snapshot));
        let names: Vec<_> = observed.seen().clients.iter().map(|it| &*it.name).collect();
        assert_eq!(names, ["approved"]);
    }
}
