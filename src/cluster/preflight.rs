//! What a collection would be able to read, asked of the API server before anything is read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    Connection, Error, discovery,
    projection::Projections,
    request::{Api, SelfSubject},
};
use crate::sort::Sort;

/// Questions asked at the same time.
const CONCURRENT: usize = 8;

/// One kind that a collection would read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Preflight {
    /// API group, empty for core.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Plural resource.
    pub resource: String,
    /// Whether it can be read.
    pub answer: Readable,
    /// Only names, labels and owners would be asked for.
    pub metadata_only: bool,
    /// Left out of the usual rights because of this risk.
    pub risk: Option<String>,
}

/// Whether a kind can be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "readable", content = "reason")]
pub enum Readable {
    /// In all namespaces.
    Yes,
    /// Refused.
    No,
    /// The API server could not say.
    Unknown(String),
}

/// Asks for every kind; sorted by (group, kind).
///
/// # Errors
/// When the API server cannot be reached.
pub async fn preflight(connection: &Connection, projections: &Projections) -> Result<Vec<Preflight>, Error> {
    super::collect::version(connection).await?;
    let discovery = discovery::discover(&connection.api).await;
    let permits = Arc::new(Semaphore::new(CONCURRENT));
    let mut tasks = JoinSet::new();
    for kind in discovery.kinds {
        if projections.left_out(&kind.group, &kind.kind).is_some() {
            continue;
        }
        let projection = projections.get_or_metadata(&kind.group, &kind.kind);
        let (api, permits) = (connection.api.clone(), permits.clone());
        tasks.spawn(async move {
            let _permit = permits.acquire_owned().await;
            let answer = may_list(&api, &kind.group, &kind.resource).await;
            Preflight {
                group: kind.group,
                kind: kind.kind,
                resource: kind.resource,
                answer,
                metadata_only: projection.metadata_only,
                risk: projection.risk.clone(),
            }
        });
    }
    let mut answers: Vec<Preflight> = tasks.join_all().await;
    answers.extend(discovery.unknown.into_iter().map(|unknown| Preflight {
        group: unknown.group,
        kind: "*".to_owned(),
        resource: "*".to_owned(),
        answer: Readable::Unknown(match unknown.completeness {
            crate::snapshot::Completeness::Failed(reason) | crate::snapshot::Completeness::Forbidden(reason) => reason,
            _ => "the API group could not be read".to_owned(),
        }),
        metadata_only: true,
        risk: None,
    }));
    answers.order();
    Ok(answers)
}

async fn may_list(api: &Api, group: &str, resource: &str) -> Readable {
    #[derive(Deserialize)]
    struct Review {
        status: Status,
    }
    #[derive(Deserialize)]
    struct Status {
        allowed: bool,
    }
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "list", "group": group, "resource": resource}},
    });
    match api.review(SelfSubject::Access, &body).await {
        Err(trouble) => Readable::Unknown(trouble.reason),
        Ok(answer) if answer.refusal().is_some() => {
            Readable::Unknown("the API server does not answer reviews".to_owned())
        }
        Ok(answer) => match serde_json::from_slice::<Review>(&answer.body) {
            Ok(Review { status: Status { allowed: true } }) => Readable::Yes,
            Ok(_) => Readable::No,
            Err(_) => Readable::Unknown("the API server's review cannot be read".to_owned()),
        },
    }
}

/// Every kind that can be listed, as (group, resource, kind), left-out ones excluded.
///
/// # Errors
/// When the API server cannot be reached.
pub async fn listable(
    connection: &Connection,
    projections: &Projections,
) -> Result<Vec<(String, String, String)>, Error> {
    super::collect::version(connection).await?;
    let discovery = discovery::discover(&connection.api).await;
    let kept = discovery.kinds.into_iter().filter(|kind| projections.left_out(&kind.group, &kind.kind).is_none());
    Ok(kept.map(|kind| (kind.group, kind.resource, kind.kind)).collect())
}
