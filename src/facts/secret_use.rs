//! Secrets in use: which workloads take which Secrets, as environment variables or files, and which environment
//! variables look like a secret that stands in the Pod itself. Only names: no value is ever read.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use super::{
    containers::indexed,
    observed::{Observed, Reading},
    pod::{PodSpec, Pods},
    pod_security::rules,
    running::{WorkloadName, units},
};
use crate::ownership::Join;

/// A workload that uses Secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretUse {
    /// Which.
    pub workload: WorkloadName,
    /// How.
    #[serde(flatten)]
    pub uses: SecretUses,
}

/// How a Pod uses Secrets; each text names container or volume, variable, Secret and key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize)]
pub struct SecretUses {
    /// Variables filled from a Secret: `container web: DB_PASSWORD = db/password`.
    pub variables: Vec<String>,
    /// All keys of a Secret as variables: `container web: db`.
    pub environments: Vec<String>,
    /// Secrets as files: `volume tls: web-tls`.
    pub volumes: Vec<String>,
    /// Variables whose value stands in the Pod and whose name says that it is a secret: `container web: DB_PASSWORD`.
    pub plain: Vec<String>,
    /// Names of all Secrets above.
    pub secrets: BTreeSet<String>,
}

impl SecretUses {
    fn is_empty(&self) -> bool {
        self.secrets.is_empty() && self.plain.is_empty()
    }

    fn add(&mut self, other: &Self) {
        fn merge(into: &mut Vec<String>, from: &[String]) {
            for text in from {
                if !into.contains(text) {
                    into.push(text.clone());
                }
            }
        }
        merge(&mut self.variables, &other.variables);
        merge(&mut self.environments, &other.environments);
        merge(&mut self.volumes, &other.volumes);
        merge(&mut self.plain, &other.plain);
        self.secrets.extend(other.secrets.iter().cloned());
    }
}

/// Words that make a variable's name that of a secret.
const WORDS: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "TOKEN",
    "SECRET",
    "CREDENTIAL",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "ENCRYPTION_KEY",
];

/// Endings that say that the value is where a secret is, or something about it.
const ABOUT: &[&str] = &[
    "_FILE",
    "_PATH",
    "_DIR",
    "_NAME",
    "_URL",
    "_TTL",
    "_EXPIRY",
    "_EXPIRATION",
    "_LENGTH",
    "_ENABLED",
    "_KEY_ID",
    "_ISSUER",
    "_AUDIENCE",
];

/// The name says that the value is a secret.
pub(crate) fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    WORDS.iter().any(|word| name.contains(word)) && !ABOUT.iter().any(|end| name.ends_with(end))
}

/// How one spec uses Secrets.
pub(crate) fn uses(spec: &PodSpec) -> SecretUses {
    let mut found = SecretUses::default();
    for (list, _, container) in indexed(spec) {
        let place = rules::place(list, container);
        for variable in &container.env {
            let source = variable.value_from.as_ref();
            if let Some(secret) = source.and_then(|source| source.secret_key_ref.as_ref()) {
                found.variables.push(format!("{place}: {} = {}/{}", variable.name, secret.name, secret.key));
                found.secrets.insert(secret.name.clone());
            } else if source.is_none() && variable.value.is_some() && looks_secret(&variable.name) {
                found.plain.push(format!("{place}: {}", variable.name));
            }
        }
        for secret in container.env_from.iter().filter_map(|from| from.secret_ref.as_ref()) {
            found.environments.push(format!("{place}: {}", secret.name));
            found.secrets.insert(secret.name.clone());
        }
    }
    for volume in &spec.volumes {
        let text = |value: Option<&serde_json::Value>| value.and_then(|it| it.as_str()).map(str::to_owned);
        let own = volume.source.get("secret").and_then(|it| text(it.get("secretName")));
        let sources = volume.source.get("projected").and_then(|it| it.get("sources")).and_then(|it| it.as_array());
        let projected = sources.into_iter().flatten().filter_map(|it| text(it.get("secret")?.get("name")));
        for secret in own.into_iter().chain(projected) {
            found.volumes.push(format!("volume {}: {secret}", volume.name));
            found.secrets.insert(secret);
        }
    }
    found
}

pub(super) fn observe(join: &Join<'_>, pods: &Pods) -> Observed<Vec<SecretUse>> {
    let mut reading = Reading::new(join.snapshot());
    let mut judged: HashMap<usize, SecretUses> = HashMap::new();
    let mut found = Vec::new();
    for unit in units(&mut reading, join, pods) {
        let mut all = SecretUses::default();
        for shape in &unit.shapes {
            all.add(judged.entry(shape.number).or_insert_with(|| uses(shape.spec)));
        }
        if !all.is_empty() {
            found.push(SecretUse { workload: unit.name, uses: all });
        }
    }
    reading.finish(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_way_to_a_secret_is_named() {
        let spec: PodSpec = serde_json::from_value(json!({
            "containers": [{
                "name": "web",
                "env": [
                    { "name": "DB_PASSWORD", "valueFrom": { "secretKeyRef": { "name": "db", "key": "password" } } },
                    { "name": "API_TOKEN", "value": "[redacted]" },
                    { "name": "TOKEN_FILE", "value": "[redacted]" },
                    { "name": "POD_TOKEN", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } },
                    { "name": "LOG_LEVEL", "value": "[redacted]" },
                ],
                "envFrom": [{ "secretRef": { "name": "smtp" } }, { "configMapRef": { "name": "plain" } }],
            }],
            "volumes": [
                { "name": "tls", "secret": { "secretName": "web-tls" } },
                { "name": "all", "projected": { "sources": [{ "secret": { "name": "ca" } }] } },
            ],
        }))
        .expect("a spec");
        let found = uses(&spec);
        assert_eq!(found.variables, ["container web: DB_PASSWORD = db/password"]);
        assert_eq!(found.environments, ["container web: smtp"]);
        assert_eq!(found.volumes, ["volume tls: web-tls", "volume all: ca"]);
        assert_eq!(found.plain, ["container web: API_TOKEN"]);
        assert_eq!(found.secrets.into_iter().collect::<Vec<_>>(), ["ca", "db", "smtp", "web-tls"]);
    }
}
