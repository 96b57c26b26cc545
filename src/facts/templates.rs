//! Pod templates: the Pod inside a Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob
//! or PodTemplate.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Deserialize;

use super::pod::{Numbered, PodSpec, Specs, null_is_empty};
pub(crate) use super::pod_security::templates::KINDS;
use crate::snapshot::{Object, Snapshot};

/// A Pod template.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) spec: Arc<PodSpec>,
    /// Number of the spec: equal ones have the same.
    pub(crate) number: usize,
    pub(crate) annotations: BTreeMap<Arc<str>, Arc<str>>,
    /// Pods wanted, where the kind says.
    pub(crate) wanted: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Holder {
    spec: HolderSpec,
    status: HolderStatus,
    /// Of a PodTemplate.
    template: Option<RawTemplate>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct HolderSpec {
    replicas: Option<u64>,
    template: Option<RawTemplate>,
    job_template: Option<JobTemplate>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobTemplate {
    spec: JobSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobSpec {
    template: Option<RawTemplate>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct HolderStatus {
    desired_number_scheduled: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawTemplate {
    metadata: Metadata,
    spec: PodSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    #[serde(deserialize_with = "null_is_empty")]
    annotations: BTreeMap<Arc<str>, Arc<str>>,
}

impl Template {
    pub(super) fn of(object: &Object, specs: &mut Specs) -> Result<Self, String> {
        let Holder { spec, status, template } = object.body::<Holder>().map_err(|error| error.to_string())?;
        let wanted = spec.replicas.or(status.desired_number_scheduled);
        let of_job = spec.job_template.and_then(|job| job.spec.template);
        let template = template.or(spec.template).or(of_job).unwrap_or_default();
        let Numbered { spec: pod, number } = specs.number(template.spec);
        Ok(Self { spec: pod, number, annotations: template.metadata.annotations, wanted })
    }
}

/// Deployments and CronJobs by UID: the template of a ReplicaSet or Job that one of them made is a copy of theirs.
pub(crate) fn makers(snapshot: &Snapshot) -> BTreeSet<&str> {
    let lists = [("apps", "Deployment"), ("batch", "CronJob")];
    let lists = lists.into_iter().filter_map(|(group, kind)| snapshot.list(group, kind));
    lists.flat_map(|list| list.seen()).map(|object| &*object.uid).filter(|uid| !uid.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::testing::{list, object, snapshot},
        facts::pod::Pods,
    };

    #[test]
    fn the_pod_is_found_in_every_kind() {
        let pod = json!({ "metadata": {}, "spec": { "hostPID": true } });
        for (index, (group, kind, path)) in KINDS.iter().enumerate().skip(1) {
            let body = path.rsplit('.').fold(pod.clone(), |inner, step| json!({ step: inner }));
            let name = if group.is_empty() { (*kind).to_owned() } else { format!("{group}/{kind}") };
            let snapshot = snapshot(vec![list(&name, vec![object("shop", "web", body)])]);
            let pods = Pods::of(&snapshot);
            let template = pods.template(index, 0).unwrap_or_else(|why| panic!("{kind}: {why}"));
            assert_eq!(template.spec.host_pid, Some(true), "{kind}");
        }
    }

    #[test]
    fn equal_specs_are_held_once_whatever_node_and_token_volume() {
        let pod = |name: &str, node: &str, image: &str| {
            let token = format!("kube-api-access-{name}");
            let container = json!({ "name": "web", "image": image, "volumeMounts": [{ "name": token }] });
            let spec = json!({ "nodeName": node, "containers": [container], "volumes": [{ "name": token }] });
            object("shop", name, json!({ "spec": spec }))
        };
        let pods = vec![pod("abcde", "one", "web:1"), pod("fghij", "two", "web:1"), pod("klmno", "two", "web:2")];
        let pods = Pods::of(&snapshot(vec![list("Pod", pods)]));
        let number = |index| pods.get(index).expect("a Pod").number;
        assert_eq!(number(0), number(1));
        assert_ne!(number(0), number(2));
    }
}
