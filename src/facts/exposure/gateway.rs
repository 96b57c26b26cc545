//! Gateway API: Gateways, and the routes that attach to their listeners.
//!
//! A route attaches to a listener that its `parentRefs` name, that allows routes from its namespace, and whose host
//! name meets one of the route's (Gateway API, `ParentReference` and `AllowedRoutes`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::{
    super::{
        observed::Reading,
        selector::{Labels, Selector},
    },
    Backend, BackendState, Exposure, Redirect, Tls, WayIn,
    reach::Reach,
};
use crate::{
    ownership::Join,
    snapshot::Object,
    workspace::{ComponentId, TeamId},
};

const GROUP: &str = "gateway.networking.k8s.io";

/// A listener that routes of every namespace may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenListener {
    /// Namespace of the Gateway.
    pub namespace: String,
    /// Name of the Gateway.
    pub gateway: String,
    /// Name of the listener.
    pub listener: String,
    /// Component the Gateway belongs to.
    pub component: Option<ComponentId>,
    /// Team accountable for the component.
    pub team: Option<TeamId>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct GatewayBody {
    pub(crate) spec: GatewaySpec,
    status: GatewayStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GatewaySpec {
    gateway_class_name: String,
    pub(crate) listeners: Option<Vec<Listener>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GatewayStatus {
    addresses: Option<Vec<Address>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Address {
    value: String,
}

/// A listener of a Gateway.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Listener {
    pub(crate) name: String,
    hostname: Option<String>,
    port: u32,
    protocol: String,
    tls: Option<ListenerTls>,
    allowed_routes: Option<AllowedRoutes>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ListenerTls {
    mode: Option<String>,
    certificate_refs: Option<Vec<Reference>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AllowedRoutes {
    namespaces: Option<RouteNamespaces>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RouteNamespaces {
    from: Option<String>,
    selector: Option<Selector>,
}

/// An object that another names: a parent, a backend, a certificate.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Reference {
    kind: Option<String>,
    namespace: Option<String>,
    name: String,
    section_name: Option<String>,
    port: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RouteBody {
    spec: RouteSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RouteSpec {
    parent_refs: Option<Vec<Reference>>,
    hostnames: Option<Vec<String>>,
    rules: Option<Vec<RouteRule>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RouteRule {
    backend_refs: Option<Vec<Reference>>,
    filters: Option<Vec<Filter>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    #[serde(rename = "type")]
    kind: String,
    request_redirect: Option<RequestRedirect>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RequestRedirect {
    scheme: Option<String>,
}

impl Listener {
    /// Routes of every namespace may use it.
    pub(crate) fn open(&self) -> bool {
        self.from() == "All"
    }

    fn from(&self) -> &str {
        let namespaces = self.allowed_routes.as_ref().and_then(|routes| routes.namespaces.as_ref());
        namespaces.and_then(|namespaces| namespaces.from.as_deref()).unwrap_or("Same")
    }

    /// Whether it allows routes of a namespace; `None` when the labels of the namespace are not known.
    fn allows(&self, own: &str, namespace: &str, labels: Option<&Labels>) -> Option<bool> {
        let selector = self.allowed_routes.as_ref().and_then(|it| it.namespaces.as_ref()?.selector.as_ref());
        match (self.from(), selector) {
            ("All", _) => Some(true),
            ("Selector", Some(selector)) => labels.map(|labels| selector.selects(labels)),
            ("Same", _) => Some(own == namespace),
            _ => Some(false),
        }
    }

    fn secure(&self) -> bool {
        matches!(&*self.protocol, "HTTPS" | "TLS")
    }
}

impl RouteBody {
    /// Every rule sends plain HTTP on to TLS.
    fn redirects(&self) -> bool {
        let rules = || self.spec.rules.iter().flatten();
        let to_tls = |filter: &Filter| {
            filter.kind == "RequestRedirect"
                && filter.request_redirect.as_ref().and_then(|it| it.scheme.as_deref()) == Some("https")
        };
        rules().next().is_some() && rules().all(|rule| rule.filters.iter().flatten().any(to_tls))
    }
}

/// The host that both a listener and a route serve.
fn meet<'h>(listener: &'h str, route: &'h str) -> Option<&'h str> {
    let under = |wild: &str, host: &str| wild.strip_prefix('*').is_some_and(|suffix| host.ends_with(suffix));
    match () {
        () if listener.is_empty() || listener == "*" => Some(route),
        () if route == "*" || listener.eq_ignore_ascii_case(route) => Some(listener),
        () if under(listener, route) => Some(route),
        () if under(route, listener) => Some(listener),
        () => None,
    }
}

/// Where one route attaches, and what is served there.
#[derive(Default)]
pub(crate) struct Attached<'g> {
    listeners: Vec<&'g Listener>,
    hosts: BTreeSet<String>,
    /// Hosts on listeners without TLS that are not only sent on.
    pub(crate) plain: BTreeSet<String>,
    problems: Vec<String>,
    gateways: BTreeSet<String>,
}

/// Gateways by namespace and name.
pub(crate) type Gateways<'a> = HashMap<(&'a str, &'a str), GatewayBody>;

/// Attaches one route.
pub(crate) fn attach<'g>(
    gateways: &'g Gateways<'_>,
    namespaces: &HashMap<&str, &Labels>,
    object: &'g Object,
    route: &'g RouteBody,
) -> Attached<'g> {
    let mut attached = Attached::default();
    let named: Vec<&str> = route.spec.hostnames.iter().flatten().map(String::as_str).collect();
    let named = if named.is_empty() { vec!["*"] } else { named };
    for parent in route.spec.parent_refs.iter().flatten() {
        if parent.kind.as_deref().is_some_and(|kind| kind != "Gateway") {
            continue;
        }
        let place = parent.namespace.as_deref().unwrap_or(&object.namespace);
        let name = format!("{place}/{}", parent.name);
        let Some(gateway) = gateways.get(&(place, &*parent.name)) else {
            attached.problems.push(format!("Gateway {name} was not found"));
            continue;
        };
        let mut refused = true;
        for listener in gateway.spec.listeners.iter().flatten() {
            let section = parent.section_name.as_ref().is_none_or(|section| *section == listener.name);
            let port = parent.port.is_none_or(|port| port == listener.port);
            let labels = namespaces.get(&*object.namespace).copied();
            let allowed = listener.allows(place, &object.namespace, labels);
            if !section || !port || allowed == Some(false) {
                continue;
            }
            let hosts: Vec<&str> =
                named.iter().filter_map(|host| meet(listener.hostname.as_deref().unwrap_or(""), host)).collect();
            if hosts.is_empty() {
                continue;
            }
            refused = false;
            attached.hosts.extend(hosts.iter().map(|host| (*host).to_owned()));
            if listener.protocol == "HTTP" && !route.redirects() {
                attached.plain.extend(hosts.iter().map(|host| (*host).to_owned()));
            }
            attached.listeners.push(listener);
        }
        if refused {
            attached.problems.push(format!("no listener of Gateway {name} takes it"));
        } else {
            attached.gateways.insert(name);
        }
    }
    attached
}

impl Attached<'_> {
    fn tls(&self, redirects: bool) -> Tls {
        let passthrough = |listener: &&Listener| {
            listener.tls.as_ref().and_then(|tls| tls.mode.as_deref()).is_some_and(|mode| mode == "Passthrough")
        };
        let secure = self.listeners.iter().filter(|listener| listener.secure()).count();
        match (self.listeners.len(), secure, self.plain.is_empty()) {
            (0, ..) => Tls::NotVisible,
            (_, 0, false) => Tls::None,
            (_, _, false) => Tls::Partly,
            (_, 0, true) if redirects => Tls::Redirects,
            (_, 0, true) => Tls::NotVisible,
            _ if self.listeners.iter().filter(|listener| listener.secure()).all(passthrough) => Tls::Passthrough,
            _ => Tls::All,
        }
    }
}

/// Namespaces' labels, by name.
pub(crate) fn labels<'a>(namespaces: impl IntoIterator<Item = &'a Object>) -> HashMap<&'a str, &'a Labels> {
    namespaces.into_iter().map(|namespace| (&*namespace.name, &*namespace.labels)).collect()
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GrantBody {
    spec: GrantSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GrantSpec {
    from: Option<Vec<Reference>>,
    to: Option<Vec<Reference>>,
}

/// ReferenceGrants by their namespace.
struct Grants<'a>(BTreeMap<&'a str, Vec<GrantSpec>>);

impl Grants<'_> {
    fn allow(&self, kind: &str, from: &str, to: &str, service: &str) -> bool {
        self.0.get(to).into_iter().flatten().any(|grant| {
            let comes = |it: &Reference| it.kind.as_deref() == Some(kind) && it.namespace.as_deref() == Some(from);
            let goes =
                |it: &Reference| it.kind.as_deref() == Some("Service") && (it.name.is_empty() || it.name == service);
            grant.from.iter().flatten().any(comes) && grant.to.iter().flatten().any(goes)
        })
    }
}

pub(super) fn observe<'a>(join: &Join<'a>, reading: &mut Reading<'a>, reach: &Reach<'_, 'a>, exposure: &mut Exposure) {
    let mut gateways = Gateways::new();
    let owners = join.owners(GROUP, "Gateway");
    let objects = reading.wish(GROUP, "Gateway");
    for (index, object) in objects.iter().enumerate() {
        let Some(body) = reading.body::<GatewayBody>(object) else { continue };
        for listener in body.spec.listeners.iter().flatten().filter(|listener| listener.open()) {
            let (component, team) = owners.of(index);
            exposure.open_listeners.push(OpenListener {
                namespace: object.namespace.to_string(),
                gateway: object.name.to_string(),
                listener: listener.name.clone(),
                component,
                team,
            });
        }
        gateways.insert((&*object.namespace, &*object.name), body);
    }
    let namespaces = labels(reading.need("", "Namespace"));
    let mut grants = Grants(BTreeMap::new());
    for object in reading.wish(GROUP, "ReferenceGrant") {
        if let Some(body) = reading.body::<GrantBody>(object) {
            grants.0.entry(&*object.namespace).or_default().push(body.spec);
        }
    }
    let mut used: BTreeSet<String> = BTreeSet::new();
    for kind in ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute"] {
        let owners = join.owners(GROUP, kind);
        for (index, object) in reading.wish(GROUP, kind).iter().enumerate() {
            let Some(route) = reading.body::<RouteBody>(object) else { continue };
            let attached = attach(&gateways, &namespaces, object, &route);
            used.extend(attached.gateways.iter().cloned());
            let redirects = route.redirects();
            let ports: BTreeSet<String> =
                attached.listeners.iter().map(|it| format!("{}/{}", it.port, it.protocol)).collect();
            let way = WayIn {
                ports: ports.into_iter().collect(),
                through: Some(
                    attached.gateways.iter().map(|it| format!("Gateway {it}")).collect::<Vec<_>>().join(", "),
                ),
                tls: attached.tls(redirects),
                redirect: if redirects { Redirect::ToTls } else { Redirect::NotSaid },
                certificates: certificates(&attached, &gateways),
                backends: backends(kind, object, &route, reach, &grants),
                without_tls: attached.plain.into_iter().collect(),
                hosts: attached.hosts.into_iter().collect(),
                problems: attached.problems,
                ..WayIn::of(kind, object)
            };
            exposure.ways.push(way.owned(&owners, index));
        }
    }
    // A gateway without routes is a door all the same.
    for (index, object) in objects.iter().enumerate() {
        let Some(body) = gateways.get(&(&*object.namespace, &*object.name)) else { continue };
        let listeners = || body.spec.listeners.iter().flatten();
        let secure = listeners().filter(|listener| listener.secure()).count();
        let mut hosts: BTreeSet<String> = listeners().filter_map(|listener| listener.hostname.clone()).collect();
        hosts.extend(body.status.addresses.iter().flatten().map(|address| address.value.clone()));
        let problem = (!used.contains(&format!("{}/{}", object.namespace, object.name)))
            .then(|| "no route attaches to it".to_owned());
        let way = WayIn {
            hosts: hosts.into_iter().collect(),
            ports: listeners().map(|it| format!("{}/{}", it.port, it.protocol)).collect(),
            through: Some(format!("class {}", body.spec.gateway_class_name)),
            // Which hosts are served plain is told by the routes.
            tls: if secure > 0 && secure == listeners().count() { Tls::All } else { Tls::NotVisible },
            problems: problem.into_iter().collect(),
            ..WayIn::of("Gateway", object)
        };
        exposure.ways.push(way.owned(&owners, index));
    }
}

/// Secrets of the listeners a route attaches to; they are in the Gateway's namespace unless said otherwise.
fn certificates(attached: &Attached<'_>, gateways: &Gateways<'_>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for ((namespace, name), gateway) in gateways {
        if !attached.gateways.contains(&format!("{namespace}/{name}")) {
            continue;
        }
        for listener in gateway.spec.listeners.iter().flatten() {
            if !attached.listeners.iter().any(|used| std::ptr::eq(*used, listener)) {
                continue;
            }
            let references = listener.tls.iter().flat_map(|tls| tls.certificate_refs.iter().flatten());
            found.extend(references.map(|it| format!("{}/{}", it.namespace.as_deref().unwrap_or(namespace), it.name)));
        }
    }
    found.into_iter().collect()
}

fn backends(
    kind: &str,
    object: &Object,
    route: &RouteBody,
    reach: &Reach<'_, '_>,
    grants: &Grants<'_>,
) -> Vec<Backend> {
    let mut found = BTreeSet::new();
    for reference in route.spec.rules.iter().flatten().flat_map(|rule| rule.backend_refs.iter().flatten()) {
        let namespace = reference.namespace.as_deref().unwrap_or(&object.namespace);
        let mut backend = reach.service(namespace, &reference.name);
        if reference.kind.as_deref().is_some_and(|kind| kind != "Service") {
            backend.state = BackendState::Elsewhere;
        } else if namespace != &*object.namespace && !grants.allow(kind, &object.namespace, namespace, &reference.name)
        {
            backend.state = BackendState::NotGranted;
        }
        found.insert(backend);
    }
    found.into_iter().collect()
}
