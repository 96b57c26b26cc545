//! Service accounts in use: whether Pods get their tokens, whether those tokens open anything, and tokens that never
//! end.
//!
//! In: Pods, ServiceAccounts, RBAC objects; for long-lived tokens the names of Secrets, where they may be listed. Out:
//! [`AccountUse`]s and [`LongLivedToken`]s. A token is mounted unless the Pod, else its ServiceAccount, says otherwise
//! (`automountServiceAccountToken`; the default is true).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Subject, rbac, rbac::Binding};
use crate::{
    facts::observed::{Observed, Reading},
    ownership::Join,
    snapshot::BodyError,
    workspace::TeamId,
};

/// Annotation that Kubernetes requires of every Secret of type `kubernetes.io/service-account-token`.
pub(crate) const TOKEN_OF: &str = "kubernetes.io/service-account.name";

/// A service account that Pods run as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountUse {
    /// Namespace.
    pub namespace: String,
    /// Name; `default` where Pods name none.
    pub name: String,
    /// Teams accountable for the Pods.
    pub teams: Vec<TeamId>,
    /// Owner-reference roots of the Pods: `Deployment/web`.
    pub workloads: Vec<String>,
    /// Those of them into whose Pods a token is mounted.
    pub mounted: Vec<String>,
    /// A binding gives it rights, beside what every service account has.
    pub rights: bool,
}

/// A token that never ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LongLivedToken {
    /// Namespace.
    pub namespace: String,
    /// Name of the Secret.
    pub name: String,
    /// Service account that it stands for.
    pub account: String,
    /// When it was made, where the Secret was seen.
    pub created: Option<DateTime<Utc>>,
}

/// Who runs as one account.
#[derive(Default)]
struct Users {
    teams: BTreeSet<TeamId>,
    /// Workloads, and whether any Pod of theirs mounts the token.
    mounts: BTreeMap<String, bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodBody {
    spec: PodSpec,
}

/// What a Pod says of its account.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodSpec {
    service_account_name: Option<String>,
    automount_service_account_token: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AccountBody {
    automount_service_account_token: Option<bool>,
    secrets: Option<Vec<Named>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
}

/// Account of a Pod, and whether a token is mounted into it, given what its ServiceAccount says.
pub(crate) struct Use {
    pub(crate) account: String,
    own: Option<bool>,
}

impl Use {
    /// # Errors
    /// When the Pod does not have the shape that its API promises.
    pub(crate) fn of(pod: &crate::snapshot::Object) -> Result<Self, BodyError> {
        let spec = pod.body::<PodBody>()?.spec;
        let account = spec.service_account_name.filter(|name| !name.is_empty()).unwrap_or_else(|| "default".to_owned());
        Ok(Self { account, own: spec.automount_service_account_token })
    }

    /// `pod ?? account ?? true`.
    pub(crate) fn mounted(&self, account: Option<bool>) -> bool {
        self.own.or(account).unwrap_or(true)
    }
}

/// What a ServiceAccount says of mounting its token.
///
/// # Errors
/// When it does not have the shape that its API promises.
pub(crate) fn automount(account: &crate::snapshot::Object) -> Result<Option<bool>, BodyError> {
    Ok(account.body::<AccountBody>()?.automount_service_account_token)
}

/// Service accounts to which a binding gives rights: by name, or as all those of their namespace.
pub(crate) struct Rights<'b> {
    named: BTreeSet<(&'b str, &'b str)>,
    namespaces: BTreeSet<&'b str>,
}

impl<'b> Rights<'b> {
    pub(crate) fn of(bindings: impl IntoIterator<Item = &'b Binding>) -> Self {
        let mut rights = Self { named: BTreeSet::new(), namespaces: BTreeSet::new() };
        for Subject { kind, namespace, name } in bindings.into_iter().flat_map(|binding| &binding.subjects) {
            match (kind.as_str(), name.strip_prefix("system:serviceaccounts:")) {
                ("ServiceAccount", _) => {
                    rights.named.insert((namespace, name));
                }
                ("Group", Some(namespace)) => {
                    rights.namespaces.insert(namespace);
                }
                _ => {}
            }
        }
        rights
    }

    pub(crate) fn has(&self, namespace: &str, name: &str) -> bool {
        self.named.contains(&(namespace, name)) || self.namespaces.contains(namespace)
    }
}

/// Which accounts Pods run as.
pub(in crate::facts) fn observe(join: &Join<'_>) -> Observed<Vec<AccountUse>> {
    let mut reading = Reading::new(join.snapshot());
    let (_, bindings) = rbac::read(&mut reading, join);
    let rights = Rights::of(&bindings);
    let mut says: BTreeMap<(&str, &str), Option<bool>> = BTreeMap::new();
    for object in reading.need("", "ServiceAccount") {
        match automount(object) {
            Ok(value) => {
                says.insert((&object.namespace, &object.name), value);
            }
            Err(error) => reading.odd(object, error),
        }
    }
    let owners = join.owners("", "Pod");
    let mut uses: BTreeMap<(String, String), Users> = BTreeMap::new();
    for (index, object) in reading.need("", "Pod").iter().enumerate() {
        let found = match Use::of(object) {
            Ok(found) => found,
            Err(error) => {
                reading.odd(object, error);
                continue;
            }
        };
        let said = says.get(&(&*object.namespace, found.account.as_str())).copied().flatten();
        let mounted = found.mounted(said);
        let entry = uses.entry((object.namespace.to_string(), found.account)).or_default();
        entry.teams.extend(owners.of(index).1);
        if let Some(spot) = owners.spot(index) {
            let root = join.key(join.root(spot));
            *entry.mounts.entry(format!("{}/{}", root.kind, root.name)).or_default() |= mounted;
        }
    }
    let found = uses
        .into_iter()
        .map(|((namespace, name), users)| AccountUse {
            rights: rights.has(&namespace, &name),
            mounted: users.mounts.iter().filter(|(_, mounted)| **mounted).map(|(name, _)| name.clone()).collect(),
            workloads: users.mounts.into_keys().collect(),
            teams: users.teams.into_iter().collect(),
            namespace,
            name,
        })
        .collect();
    reading.finish(found)
}

/// Tokens that never end: Secrets with the annotation that makes them one, and what older clusters made by themselves.
pub(in crate::facts) fn tokens(join: &Join<'_>) -> Observed<Vec<LongLivedToken>> {
    let mut reading = Reading::new(join.snapshot());
    let mut found: BTreeMap<(String, String), LongLivedToken> = BTreeMap::new();
    for object in reading.need("", "ServiceAccount") {
        let Some(body) = reading.body::<AccountBody>(object) else { continue };
        // Kubernetes before 1.24 made `NAME-token-SUFFIX` for every account; other Secrets here are no tokens.
        let prefix = format!("{}-token-", object.name);
        for secret in body.secrets.into_iter().flatten().filter(|secret| secret.name.starts_with(&prefix)) {
            let token = LongLivedToken {
                namespace: object.namespace.to_string(),
                name: secret.name,
                account: object.name.to_string(),
                created: None,
            };
            found.insert((token.namespace.clone(), token.name.clone()), token);
        }
    }
    for object in reading.need("", "Secret") {
        if let Some(account) = object.annotations.get(TOKEN_OF) {
            let token = LongLivedToken {
                namespace: object.namespace.to_string(),
                name: object.name.to_string(),
                account: account.to_string(),
                created: object.created,
            };
            found.insert((token.namespace.clone(), token.name.clone()), token);
        }
    }
    if join.snapshot().list("", "Secret").is_none_or(|list| list.complete().is_err()) {
        reading.remark(
            "listing Secrets is a right of its own: `scopefence permissions --with secrets` prints it with its risk"
                .to_owned(),
        );
    }
    reading.finish(found.into_values().collect())
}
