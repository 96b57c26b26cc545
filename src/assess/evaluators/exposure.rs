//! Exposure: ways in are served with TLS, by one owner, on hosts that somebody named.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Evaluator, Question, Tally};
use crate::{
    facts::exposure::{
        gateway::{GatewayBody, Gateways, RouteBody, attach, labels},
        ingress::hosts,
    },
    snapshot::Object,
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator { name: "ingress-tls", subjects: "ingresses", alone: true, ask: tls },
    Evaluator { name: "ingress-host-owner", subjects: "ingresses", alone: true, ask: host_owner },
    Evaluator { name: "ingress-host-wildcard", subjects: "ingresses", alone: true, ask: wildcard },
    Evaluator { name: "ingress-certificate-managed", subjects: "ingresses", alone: false, ask: managed },
    Evaluator { name: "gateway-route-tls", subjects: "HTTPRoutes", alone: true, ask: route_tls },
];

const INGRESS: (&str, &str) = ("networking.k8s.io", "Ingress");
const GATEWAY: &str = "gateway.networking.k8s.io";

fn tls(question: &Question<'_, '_>) -> Answer {
    each_ingress(question, |_, hosts| {
        let missing = &hosts.without_tls;
        (!missing.is_empty()).then(|| format!("spec.tls does not cover {}", missing.join(", ")))
    })
}

fn wildcard(question: &Question<'_, '_>) -> Answer {
    each_ingress(question, |_, hosts| {
        let wild: Vec<&str> = hosts.hosts.iter().map(String::as_str).filter(|host| host.starts_with('*')).collect();
        (!wild.is_empty()).then(|| format!("spec.rules serve {}", wild.join(", ")))
    })
}

fn managed(question: &Question<'_, '_>) -> Answer {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Body {
        spec: Spec,
    }
    #[derive(Default, serde::Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Spec {
        secret_name: String,
    }
    let certificates = question.objects("cert-manager.io", "Certificate");
    let kept: BTreeSet<(String, String)> = certificates
        .filter_map(|(_, object)| Some((object.namespace.to_string(), object.body::<Body>().ok()?.spec.secret_name)))
        .collect();
    each_ingress(question, |object, hosts| {
        let by_hand: Vec<&str> = hosts
            .secrets
            .iter()
            .filter(|secret| !kept.contains(&(object.namespace.to_string(), (*secret).clone())))
            .map(String::as_str)
            .collect();
        (!by_hand.is_empty()).then(|| format!("no Certificate keeps the Secret {}", by_hand.join(", ")))
    })
}

fn each_ingress(
    question: &Question<'_, '_>,
    judge: impl Fn(&Object, &crate::facts::exposure::ingress::Hosts) -> Option<String>,
) -> Answer {
    let mut tally = Tally::default();
    for (spot, object) in question.objects(INGRESS.0, INGRESS.1) {
        tally.subject();
        match hosts(object) {
            Err(error) => tally.odd(spot, error),
            Ok(hosts) => {
                if let Some(wrong) = judge(object, &hosts) {
                    tally.fail(spot, wrong);
                }
            }
        }
    }
    tally.answer()
}

fn host_owner(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let mut seen: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (spot, object) in question.objects(INGRESS.0, INGRESS.1) {
        tally.subject();
        match hosts(object) {
            Err(error) => tally.odd(spot, error),
            Ok(hosts) => {
                // Objects of nobody differ by namespace.
                let component = question.bench.join.component(spot).map(|component| component.id.as_str());
                let owner = component.map_or((&*object.namespace, ""), |component| ("", component));
                for host in hosts.hosts.into_iter().filter(|host| host != "*") {
                    seen.entry(host).or_default().push((owner, spot, object));
                }
            }
        }
    }
    for (host, servers) in seen {
        for (owner, spot, _) in &servers {
            let others = servers.iter().filter(|(other, ..)| other != owner);
            let others: BTreeSet<String> =
                others.map(|(.., object)| format!("{}/{}", object.namespace, object.name)).collect();
            if !others.is_empty() {
                let others: Vec<String> = others.into_iter().collect();
                tally.fail(*spot, format!("{host} is also served by {}", others.join(", ")));
            }
        }
    }
    tally.answer()
}

fn route_tls(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let mut gateways = Gateways::new();
    for (spot, object) in question.objects(GATEWAY, "Gateway") {
        match object.body::<GatewayBody>() {
            Ok(body) => _ = gateways.insert((&*object.namespace, &*object.name), body),
            Err(error) => tally.odd(spot, error),
        }
    }
    let namespaces = labels(question.objects("", "Namespace").map(|(_, object)| object));
    for (spot, object) in question.objects(GATEWAY, "HTTPRoute") {
        tally.subject();
        match object.body::<RouteBody>() {
            Err(error) => tally.odd(spot, error),
            Ok(route) => {
                let plain = attach(&gateways, &namespaces, object, &route).plain;
                if !plain.is_empty() {
                    let plain: Vec<String> = plain.into_iter().collect();
                    tally.fail(spot, format!("attaches to a listener without TLS for {}", plain.join(", ")));
                }
            }
        }
    }
    tally.answer()
}
