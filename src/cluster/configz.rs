//! Settings that kubelets run with: `configz` of each node, through the proxy of the API server. Only when opted in to.
//!
//! In: the names of nodes. Out: a [`Probe`] with the known settings of each node that answered.
//!
//! Two rights decide. The API server asks whether we may `get` `nodes/proxy`, whatever path behind it is meant. The
//! kubelet asks whether the API server, not we, may read `nodes/configz` or `nodes/proxy`.
//!
//! Invariant: nothing is kept but what the projection names of the ConfigMap `kubelet-config`.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    now,
    projection::{Node, Projections, emit},
    request::{Api, Refusal},
};
use crate::{
    snapshot::{Completeness, Probe},
    sort::Sort,
};

/// Name of the probe.
const NAME: &str = "kubelet-configz";
const PATH: &str = "/api/v1/nodes/*/proxy/configz";
/// Kubelets asked at the same time.
const CONCURRENT: usize = 8;
/// Kubelets asked in all; in a larger cluster so many, evenly over the names.
const MOST: usize = 1000;

/// Asks the kubelets of these nodes, sorted by name.
pub(super) async fn kubelets(api: &Api, nodes: &[String], projections: &Projections) -> Probe {
    let map = projections.get("", "ConfigMap");
    let known = map.and_then(|map| map.settings.iter().find(|it| it.name == "kubelet-config")?.keys.get("kubelet"));
    let (completeness, read) = match known {
        None => (Completeness::NotCollected, Map::new()),
        Some(_) if nodes.is_empty() => {
            (Completeness::Failed("no node is known: the list of nodes was not read".to_owned()), Map::new())
        }
        Some(known) => ask(api, nodes, known).await,
    };
    Probe::new(NAME, PATH.to_owned(), completeness, now(), &Value::Object(read))
}

async fn ask(api: &Api, nodes: &[String], known: &Node) -> (Completeness, Map<String, Value>) {
    let permits = Arc::new(Semaphore::new(CONCURRENT));
    let mut tasks = JoinSet::new();
    let step = nodes.len().div_ceil(MOST);
    for node in nodes.iter().step_by(step).cloned() {
        let (api, permits) = (api.clone(), permits.clone());
        tasks.spawn(async move {
            // The semaphore is never closed.
            let _permit = permits.acquire_owned().await;
            let answer = one(&api, &node).await;
            (node, answer)
        });
    }
    let (mut read, mut refused, mut asked) = (Map::new(), Vec::new(), 0);
    while let Some(done) = tasks.join_next().await {
        asked += 1;
        let Ok((node, answer)) = done else { continue };
        match answer.and_then(|answer| kept(&answer, known).map_err(|why| Completeness::Failed(why.to_owned()))) {
            Ok(settings) => {
                read.insert(node, settings);
            }
            Err(why) => refused.push((node, why)),
        }
    }
    refused.order_by(|a, b| a.0.cmp(&b.0));
    (ended(nodes.len(), asked, read.len(), &refused), read)
}

/// How it ended, with the first refusal as the reason.
fn ended(nodes: usize, asked: usize, read: usize, refused: &[(String, Completeness)]) -> Completeness {
    if read == nodes {
        return Completeness::Complete;
    }
    let Some((node, first)) = refused.first() else {
        return Completeness::Partial(format!("{asked} of {nodes} kubelets were asked"));
    };
    let why = match first {
        Completeness::Forbidden(why) | Completeness::Failed(why) => why,
        _ => "it has no such path",
    };
    let why = format!("{read} of {nodes} kubelets answered; {node}: {why}");
    match first {
        _ if read > 0 => Completeness::Partial(why),
        Completeness::Forbidden(_) => Completeness::Forbidden(why),
        _ => Completeness::Failed(why),
    }
}

async fn one(api: &Api, node: &str) -> Result<Vec<u8>, Completeness> {
    // A name that is none cannot lead elsewhere.
    if !node.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.') {
        return Err(Completeness::Failed("its name is not the name of a node".to_owned()));
    }
    let answer = api.get(&format!("/api/v1/nodes/{node}/proxy/configz"), "application/json").await;
    let answer = answer.map_err(|trouble| Completeness::Failed(trouble.reason))?;
    match answer.refusal() {
        None => Ok(answer.body),
        Some(Refusal::Forbidden(_)) => Err(Completeness::Forbidden(
            "reading it is not granted to us, or to the API server by the kubelet; `permissions --with configz` says \
             what it takes"
                .to_owned(),
        )),
        Some(Refusal::NotFound | Refusal::Gone) => Err(Completeness::Absent),
        Some(Refusal::Failed(why)) => Err(Completeness::Failed(why)),
    }
}

/// The known settings of `{"kubeletconfig":{…}}`.
fn kept(answer: &[u8], known: &Node) -> Result<Value, &'static str> {
    let answer: Value = serde_json::from_slice(answer).map_err(|_| "its answer is not JSON")?;
    let config = answer.get("kubeletconfig").filter(|it| it.is_object()).ok_or("its answer holds no configuration")?;
    let mut kept = Vec::new();
    emit(&config.to_string(), known, None, &mut kept).map_err(|_| "a setting in its answer cannot be read")?;
    serde_json::from_slice(&kept).map_err(|_| "a setting in its answer cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_known_settings_is_kept() {
        let projections = Projections::builtin().expect("embedded");
        let map = projections.get("", "ConfigMap").expect("ConfigMap");
        let known = &map.settings.iter().find(|it| it.name == "kubelet-config").expect("known").keys["kubelet"];
        let answer = br#"{"kubeletconfig":{"readOnlyPort":0,"authentication":{"anonymous":{"enabled":false}},
            "staticPodURLHeader":{"Authorization":["hunter2"]},"registerWithTaints":[{"value":"hunter2"}]}}"#;
        let kept = kept(answer, known).expect("read");
        assert_eq!(kept, serde_json::json!({"readOnlyPort": 0, "authentication": {"anonymous": {"enabled": false}}}));
        assert!(super::kept(br#"{"kubeletconfig":7}"#, known).is_err());
        assert!(super::kept(b"<html>", known).is_err());
    }

    #[test]
    fn it_is_complete_only_when_every_kubelet_answered() {
        let no = |node: &str| (node.to_owned(), Completeness::Forbidden("no".to_owned()));
        assert_eq!(ended(2, 2, 2, &[]), Completeness::Complete);
        assert!(matches!(ended(2, 2, 1, &[no("a")]), Completeness::Partial(why) if why.contains("1 of 2")));
        assert!(matches!(ended(2, 2, 0, &[no("a"), no("b")]), Completeness::Forbidden(_)));
        assert!(matches!(ended(3000, 1000, 1000, &[]), Completeness::Partial(_)));
        assert!(matches!(ended(1, 1, 0, &[("a".to_owned(), Completeness::Absent)]), Completeness::Failed(_)));
    }
}
