//! Which encryption at rest the API server uses: one family of its metrics, and nothing else of them.
//!
//! In: the API server, if its reviews say that we may read `/metrics`. Out: a [`Probe`] with one sample a resource,
//! direction and transformer. The answer is sifted while it arrives: it can be as large as a hundred megabytes.

use serde_json::{Value, json};

use super::{
    now,
    request::{Api, Refusal, SelfSubject},
};
use crate::snapshot::{Completeness, Probe};

/// Name of the probe.
const NAME: &str = "encryption-at-rest";
const PATH: &str = "/metrics";
const FAMILY: &[u8] = b"apiserver_storage_transformation_operations_total{";
/// Resources times transformers: more than any API server has.
const MOST: usize = 10_000;

/// Asks for the family.
pub(super) async fn encryption(api: &Api) -> Probe {
    let (completeness, samples) = match read(api).await {
        Ok(samples) => (Completeness::Complete, samples),
        Err(completeness) => (completeness, Vec::new()),
    };
    Probe::new(NAME, PATH.to_owned(), completeness, now(), &Value::Array(samples))
}

async fn read(api: &Api) -> Result<Vec<Value>, Completeness> {
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"nonResourceAttributes": {"verb": "get", "path": PATH}},
    });
    let review =
        api.review(SelfSubject::Access, &body).await.map_err(|trouble| Completeness::Failed(trouble.reason))?;
    let review: Value = serde_json::from_slice(&review.body).unwrap_or_default();
    if review["status"]["allowed"] != Value::Bool(true) {
        return Err(Completeness::Forbidden(
            "reading it is not granted; `permissions --with metrics` grants it".to_owned(),
        ));
    }
    let answer = api.sift(PATH, |line| line.starts_with(FAMILY)).await;
    let answer = answer.map_err(|trouble| Completeness::Failed(trouble.reason))?;
    match answer.refusal() {
        None => {}
        Some(Refusal::Forbidden(why)) => return Err(Completeness::Forbidden(why)),
        Some(Refusal::NotFound) => return Err(Completeness::Absent),
        Some(Refusal::Gone) => return Err(Completeness::Failed("the API server answers 410".to_owned())),
        Some(Refusal::Failed(why)) => return Err(Completeness::Failed(why)),
    }
    let text = String::from_utf8(answer.body).map_err(|_| Completeness::Failed("it is not text".to_owned()))?;
    let mut samples: Vec<Value> = Vec::new();
    for line in text.lines().take(MOST) {
        let sample = sample(line).ok_or_else(|| Completeness::Failed("a sample in it cannot be read".to_owned()))?;
        samples.push(sample);
    }
    Ok(samples)
}

/// `family{a="b",c="d"} 12` with the labels that matter.
fn sample(line: &str) -> Option<Value> {
    let (labels, value) = line.split_once('{')?.1.rsplit_once('}')?;
    let count: f64 = value.split_whitespace().next()?.parse().ok()?;
    let mut kept = serde_json::Map::new();
    let mut rest = labels;
    while let Some((name, after)) = rest.split_once("=\"") {
        // Values of these labels have neither quotes nor backslashes.
        let (value, after) = after.split_once('"')?;
        let name = name.trim_start_matches([',', ' ']);
        if ["resource", "status", "transformation_type", "transformer_prefix"].contains(&name) {
            kept.insert(name.to_owned(), value.chars().take(200).collect::<String>().into());
        }
        rest = after;
    }
    kept.insert("count".to_owned(), count.into());
    Some(Value::Object(kept))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_sample_is_read_by_its_labels() {
        let line = r#"apiserver_storage_transformation_operations_total{resource="secrets",status="OK",transformation_type="to_storage",transformer_prefix="k8s:enc:secretbox:v1:"} 12"#;
        let sample = super::sample(line).expect("a sample");
        assert_eq!(
            sample,
            json!({"resource": "secrets", "status": "OK", "transformation_type": "to_storage",
                "transformer_prefix": "k8s:enc:secretbox:v1:", "count": 12.0})
        );
        assert!(super::sample("family{a=\"b} x").is_none() && super::sample("family 1").is_none());
    }
}
