//! Which kinds the API server can list, and which API groups it could not say anything about.
//!
//! The aggregated form gives all in two answers (Kubernetes 1.26 and later); servers that do not know it are asked
//! group by group.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::request::{Api, Refusal, Trouble};
use crate::snapshot::Completeness;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// A kind that can be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listable {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) resource: String,
    pub(super) namespaced: bool,
}

/// A group of which the kinds are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) path: String,
    pub(super) completeness: Completeness,
}

/// What the API server offers.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    pub(super) kinds: Vec<Listable>,
    pub(super) unknown: Vec<Unknown>,
    /// The list of groups itself could not be read: no group can be called absent.
    pub(super) groups_unknown: Option<Completeness>,
    /// The core group could not be read.
    pub(super) core_unknown: Option<Completeness>,
}

impl Listable {
    pub(super) fn path(&self) -> String {
        path(&self.group, &self.version, &self.resource)
    }
}

pub(super) fn path(group: &str, version: &str, resource: &str) -> String {
    if group.is_empty() { format!("/api/{version}/{resource}") } else { format!("/apis/{group}/{version}/{resource}") }
}

/// All three forms of an answer to discovery in one; absent fields are empty.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    kind: String,
    /// Aggregated form.
    #[serde(default)]
    items: Vec<Group>,
    /// `APIGroupList`.
    #[serde(default)]
    groups: Vec<PlainGroup>,
    /// `APIVersions` of the core group.
    #[serde(default)]
    versions: Vec<String>,
    /// `APIResourceList`.
    #[serde(default)]
    resources: Vec<PlainResource>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: Meta,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    freshness: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    resource: String,
    #[serde(default)]
    response_kind: Option<Kind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
}

#[derive(Deserialize)]
struct PlainGroup {
    name: String,
    #[serde(default)]
    versions: Vec<PlainVersion>,
}

#[derive(Deserialize)]
struct PlainVersion {
    version: String,
}

#[derive(Deserialize)]
struct PlainResource {
    name: String,
    kind: String,
    #[serde(default)]
    namespaced: bool,
    #[serde(default)]
    verbs: Vec<String>,
}

/// Asks what there is. Never fails: what could not be had is said in the answer.
pub(super) async fn discover(api: &Api) -> Discovery {
    let mut discovery = Discovery::default();
    let (core, groups) = tokio::join!(ask(api, "/api"), ask(api, "/apis"));
    match core {
        Ok(answer) if answer.kind == "APIGroupDiscoveryList" => discovery.add_groups(answer.items),
        Ok(answer) => {
            for version in answer.versions {
                let path = format!("/api/{version}");
                discovery.add_plain(api, "", &version, &path).await;
            }
        }
        Err(completeness) => {
            discovery.unknown.push(Unknown {
                group: String::new(),
                version: "v1".to_owned(),
                path: "/api".to_owned(),
                completeness: completeness.clone(),
            });
            discovery.core_unknown = Some(completeness);
        }
    }
    match groups {
        Ok(answer) if answer.kind == "APIGroupDiscoveryList" => discovery.add_groups(answer.items),
        Ok(answer) => {
            for group in answer.groups {
                for version in group.versions {
                    let path = format!("/apis/{}/{}", group.name, version.version);
                    discovery.add_plain(api, &group.name, &version.version, &path).await;
                }
            }
        }
        Err(completeness) => discovery.groups_unknown = Some(completeness),
    }
    let mut seen = BTreeSet::new();
    discovery.kinds.retain(|kind| seen.insert((kind.group.clone(), kind.kind.clone())));
    discovery
}

async fn ask(api: &Api, path: &str) -> Result<Answer, Completeness> {
    let answer = api.get(path, AGGREGATED).await.map_err(|Trouble { reason, .. }| Completeness::Failed(reason))?;
    match answer.refusal() {
        None => serde_json::from_slice(&answer.body)
            .map_err(|_| Completeness::Failed("the answer is no discovery document".to_owned())),
        Some(Refusal::Forbidden(message)) => Err(Completeness::Forbidden(message)),
        Some(Refusal::NotFound) => Err(Completeness::Absent),
        Some(Refusal::Gone) => Err(Completeness::Failed("the API server answers 410".to_owned())),
        Some(Refusal::Failed(reason)) => Err(Completeness::Failed(reason)),
    }
}

impl Discovery {
    fn add_groups(&mut self, groups: Vec<Group>) {
        for group in groups {
            // Preferred version first, so the first that has a kind is the one to read.
            for version in group.versions {
                if version.freshness == "Stale" && version.resources.is_empty() {
                    self.unknown.push(Unknown {
                        group: group.metadata.name.clone(),
                        path: format!("/apis/{}/{}", group.metadata.name, version.version),
                        version: version.version,
                        completeness: Completeness::Failed(
                            "the API server cannot reach the server of this API group".to_owned(),
                        ),
                    });
                    continue;
                }
                for resource in version.resources {
                    let Some(Kind { kind }) = resource.response_kind else { continue };
                    if resource.verbs.iter().any(|verb| verb == "list") {
                        self.kinds.push(Listable {
                            group: group.metadata.name.clone(),
                            version: version.version.clone(),
                            kind,
                            resource: resource.resource,
                            namespaced: resource.scope == "Namespaced",
                        });
                    }
                }
            }
        }
    }

    async fn add_plain(&mut self, api: &Api, group: &str, version: &str, path: &str) {
        match ask(api, path).await {
            Ok(answer) => {
                for resource in answer.resources {
                    if !resource.name.contains('/') && resource.verbs.iter().any(|verb| verb == "list") {
                        self.kinds.push(Listable {
                            group: group.to_owned(),
                            version: version.to_owned(),
                            kind: resource.kind,
                            resource: resource.name,
                            namespaced: resource.namespaced,
                        });
                    }
                }
            }
            Err(Completeness::Absent) => {}
            Err(completeness) => self.unknown.push(Unknown {
                group: group.to_owned(),
                version: version.to_owned(),
                path: path.to_owned(),
                completeness,
            }),
        }
    }

    /// How the list of a kind ends that discovery does not show.
    pub(super) fn why_missing(&self, group: &str) -> Completeness {
        let unknown = self.unknown.iter().find(|unknown| unknown.group == group);
        let whole = if group.is_empty() { &self.core_unknown } else { &self.groups_unknown };
        match unknown.map(|unknown| &unknown.completeness).or(whole.as_ref()) {
            None | Some(Completeness::Absent) => Completeness::Absent,
            Some(Completeness::Forbidden(reason)) => Completeness::Forbidden(reason.clone()),
            Some(Completeness::Failed(reason) | Completeness::Partial(reason)) => {
                Completeness::Failed(format!("the API group could not be read: {reason}"))
            }
            Some(Completeness::Complete | Completeness::NotCollected) => Completeness::Absent,
        }
    }
}
