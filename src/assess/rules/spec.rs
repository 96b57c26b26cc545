//! What Pods of one workload have in common: their spec without the node and the name of the volume with the token.

/// Fields with containers.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Begins the name of the volume that the API server adds; five random characters follow.
const TOKEN_VOLUME: &str = "\"kube-api-access-";

/// The spec of a Pod's body without what is its own; equal texts, equal specs. `None` when the body does not begin with
/// a spec, as none from an API server does.
pub(super) fn shared_spec(body: &str) -> Option<String> {
    let spec = body.strip_prefix("{\"spec\":")?;
    let bytes = spec.as_bytes();
    // Names of the maps and lists around the place; elements of lists have none.
    let mut around: Vec<&str> = Vec::with_capacity(8);
    let mut shared = String::with_capacity(spec.len());
    let (mut key, mut at, mut copied) = ("", 0, 0);
    loop {
        match bytes.get(at)? {
            b'"' => {
                let end = end_of_text(bytes, at)?;
                let text = &spec[at..end];
                if bytes.get(end) == Some(&b':') {
                    key = &text[1..text.len() - 1];
                } else if is_own(&around, key, text) {
                    shared.push_str(&spec[copied..at]);
                    copied = end;
                }
                at = end;
                continue;
            }
            b'{' | b'[' => {
                around.push(key);
                key = "";
            }
            b'}' | b']' => {
                around.pop()?;
                key = "";
                if around.is_empty() {
                    shared.push_str(&spec[copied..=at]);
                    return Some(shared);
                }
            }
            _ if around.is_empty() => return None,
            _ => {}
        }
        at += 1;
    }
}

/// Behind the closing quote of a text.
fn end_of_text(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn is_own(around: &[&str], key: &str, text: &str) -> bool {
    match (around, key) {
        ([_], "nodeName") => true,
        ([_, "volumes", ""], "name") => text.starts_with(TOKEN_VOLUME),
        ([_, containers, "", "volumeMounts", ""], "name") => {
            CONTAINERS.contains(containers) && text.starts_with(TOKEN_VOLUME)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn body(node: &str, token: &str, name: &str) -> Value {
        json!({
            "spec": {
                "volumes": [{ "name": token, "projected": {} }, { "name": "data" }],
                "containers": [{ "name": name, "volumeMounts": [{ "name": token, "mountPath": "/\"{[" }], "args": ["[", "\\"] }],
                "nodeName": node,
                "nodeSelector": { "nodeName": "x", "name": token },
            },
            "status": { "phase": name },
        })
    }

    /// As the API writes it: `spec` first.
    fn shared(body: &Value) -> Option<String> {
        shared_spec(&format!("{{\"spec\":{},\"status\":{}}}", body["spec"], body["status"]))
    }

    #[test]
    fn pods_of_one_workload_share_and_no_others() {
        let one = shared(&body("n1", "kube-api-access-aaaaa", "web"));
        assert!(one.is_some());
        let mut other = body("n2", "kube-api-access-bbbbb", "web");
        assert_ne!(one, shared(&other), "the node selector differs");
        other["spec"]["nodeSelector"]["name"] = "kube-api-access-aaaaa".into();
        assert_eq!(one, shared(&other));
        assert_ne!(one, shared(&body("n1", "kube-api-access-aaaaa", "kube-api-access-bbbbb")));
        let named = |name| shared(&body("n1", "t", name));
        assert_ne!(named("kube-api-access-aaaaa"), named("kube-api-access-bbbbb"));
        assert_ne!(shared(&body("n", "data-a", "w")), shared(&body("n", "data-b", "w")));
    }

    #[test]
    fn what_is_no_spec_is_not_shared() {
        for text in [
            "{}",
            "{\"spec\":\"[unexpected]\"}",
            "{\"spec\":null}",
            "{\"status\":{},\"spec\":{}}",
            "{\"spec\":{\"a\":\"",
            "",
        ] {
            assert_eq!(shared_spec(text), None, "{text}");
        }
    }
}
