//! Policies of every engine in one form: what each enforces, what it only audits, what it leaves out.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    super::{observed::Reading, selector::Selector},
    webhooks::GROUP,
};
use crate::{snapshot::Object, sort::Sort};

/// A policy of any engine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Policy {
    /// Engine.
    pub engine: String,
    /// Kind.
    pub kind: String,
    /// Namespace; empty for cluster-wide ones.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// What it does with a violation.
    pub mode: Mode,
    /// What of it is enforced: rules or namespaces by name.
    pub enforced: Vec<String>,
    /// What of it only warns or is recorded: rules or namespaces by name.
    pub audited: Vec<String>,
    /// Namespaces that it does not look at, by name.
    pub left_out: Vec<String>,
    /// Violations that the engine counted; `None` when it does not say in the policy itself.
    pub violations: Option<u64>,
    /// The first of them, as `Pod shop/web`.
    pub violating: Vec<String>,
}

/// What a policy does with a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Refuses it.
    Enforce,
    /// Refuses it in some places, or by some rules.
    Mixed,
    /// Warns or records it.
    Audit,
    /// Nothing: no binding puts it in force.
    Unbound,
    /// It changes or makes objects, and refuses none.
    Changes,
}

/// An exception that a policy engine grants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Exempted {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// What it excuses from, as `policy: rule, rule`.
    pub policies: Vec<String>,
}

fn mode(enforced: usize, audited: usize) -> Mode {
    match (enforced, audited) {
        (0, _) => Mode::Audit,
        (_, 0) => Mode::Enforce,
        _ => Mode::Mixed,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AdmissionBody {
    spec: AdmissionSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AdmissionSpec {
    match_constraints: Option<Match>,
    policy_name: String,
    match_resources: Option<Match>,
    validation_actions: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Match {
    namespace_selector: Option<Selector>,
}

impl Match {
    fn selects(it: Option<&Self>, namespace: &Object) -> bool {
        it.and_then(|it| it.namespace_selector.as_ref()).is_none_or(|selector| selector.selects(&namespace.labels))
    }
}

pub(super) fn observe<'a>(reading: &mut Reading<'a>, namespaces: &'a [Object]) -> (Vec<Policy>, Vec<Exempted>) {
    let mut found = validating(reading, namespaces);
    kyverno(reading, &mut found);
    kyverno_cel(reading, &mut found);
    gatekeeper(reading, &mut found);
    found.order();
    let mut exempted = Vec::new();
    for object in reading.wish("kyverno.io", "PolicyException") {
        let Some(body) = reading.body::<ExceptionBody>(object) else { continue };
        let policies = body.spec.exceptions.unwrap_or_default().into_iter();
        exempted.push(Exempted {
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            policies: policies
                .map(|it| format!("{}: {}", it.policy_name, it.rule_names.unwrap_or_default().join(", ")))
                .collect(),
        });
    }
    exempted.order();
    (found, exempted)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ExceptionBody {
    spec: ExceptionSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ExceptionSpec {
    exceptions: Option<Vec<Exception>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Exception {
    policy_name: String,
    rule_names: Option<Vec<String>>,
}

/// ValidatingAdmissionPolicies with their bindings: by namespace, the strictest action of any binding that selects it.
fn validating<'a>(reading: &mut Reading<'a>, namespaces: &'a [Object]) -> Vec<Policy> {
    let mut bindings: BTreeMap<String, Vec<AdmissionSpec>> = BTreeMap::new();
    for object in reading.wish(GROUP, "ValidatingAdmissionPolicyBinding") {
        if let Some(body) = reading.body::<AdmissionBody>(object) {
            bindings.entry(body.spec.policy_name.clone()).or_default().push(body.spec);
        }
    }
    let mut found = Vec::new();
    for object in reading.wish(GROUP, "ValidatingAdmissionPolicy") {
        let Some(AdmissionBody { spec }) = reading.body::<AdmissionBody>(object) else { continue };
        let bound = bindings.get(&*object.name).map(Vec::as_slice).unwrap_or_default();
        let (mut enforced, mut audited, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        for namespace in namespaces {
            let at = |action: &str| {
                Match::selects(spec.match_constraints.as_ref(), namespace)
                    && bound.iter().any(|binding| {
                        Match::selects(binding.match_resources.as_ref(), namespace)
                            && binding.validation_actions.iter().flatten().any(|it| it == action)
                    })
            };
            let list = match () {
                () if at("Deny") => &mut enforced,
                () if at("Warn") || at("Audit") => &mut audited,
                () => &mut left_out,
            };
            list.push(namespace.name.to_string());
        }
        found.push(Policy {
            engine: "ValidatingAdmissionPolicy".to_owned(),
            kind: "ValidatingAdmissionPolicy".to_owned(),
            namespace: String::new(),
            name: object.name.to_string(),
            mode: if bound.is_empty() { Mode::Unbound } else { mode(enforced.len(), audited.len()) },
            enforced,
            audited,
            left_out: if bound.is_empty() { Vec::new() } else { left_out },
            violations: None,
            violating: Vec::new(),
        });
    }
    found
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct KyvernoBody {
    spec: KyvernoSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct KyvernoSpec {
    validation_failure_action: Option<String>,
    validation_failure_action_overrides: Option<Vec<Override>>,
    rules: Option<Vec<KyvernoRule>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Override {
    action: String,
    namespaces: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct KyvernoRule {
    name: String,
    validate: Option<Acting>,
    verify_images: Option<Vec<Acting>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Acting {
    failure_action: Option<String>,
}

impl KyvernoBody {
    /// Rules that refuse, and rules that only record. Kyverno's default is `Audit`.
    pub(crate) fn rules(&self) -> (Vec<String>, Vec<String>) {
        let own = self.spec.validation_failure_action.as_deref();
        let enforces = |action: Option<&str>| action.or(own).is_some_and(|it| it.eq_ignore_ascii_case("enforce"));
        let (mut enforced, mut audited) = (Vec::new(), Vec::new());
        for rule in self.spec.rules.iter().flatten() {
            let acting = rule.validate.iter().chain(rule.verify_images.iter().flatten());
            let mut actions = acting.map(|it| enforces(it.failure_action.as_deref())).peekable();
            if actions.peek().is_none() {
                continue;
            }
            let list = if actions.all(|enforced| enforced) { &mut enforced } else { &mut audited };
            list.push(rule.name.clone());
        }
        for other in self.spec.validation_failure_action_overrides.iter().flatten() {
            let list = if other.action.eq_ignore_ascii_case("enforce") { &mut enforced } else { &mut audited };
            list.extend(other.namespaces.iter().flatten().map(|namespace| format!("all rules in {namespace}")));
        }
        (enforced, audited)
    }
}

fn kyverno(reading: &mut Reading<'_>, found: &mut Vec<Policy>) {
    for kind in ["ClusterPolicy", "Policy"] {
        for object in reading.wish("kyverno.io", kind) {
            let Some(body) = reading.body::<KyvernoBody>(object) else { continue };
            let (enforced, audited) = body.rules();
            let changes = enforced.is_empty() && audited.is_empty();
            found.push(Policy {
                mode: if changes { Mode::Changes } else { mode(enforced.len(), audited.len()) },
                enforced,
                audited,
                ..policy("Kyverno", kind, object)
            });
        }
    }
}

fn policy(engine: &str, kind: &str, object: &Object) -> Policy {
    Policy {
        engine: engine.to_owned(),
        kind: kind.to_owned(),
        namespace: object.namespace.to_string(),
        name: object.name.to_string(),
        mode: Mode::Audit,
        enforced: Vec::new(),
        audited: Vec::new(),
        left_out: Vec::new(),
        violations: None,
        violating: Vec::new(),
    }
}

fn kyverno_cel(reading: &mut Reading<'_>, found: &mut Vec<Policy>) {
    for kind in ["ValidatingPolicy", "ImageValidatingPolicy"] {
        for object in reading.wish("policies.kyverno.io", kind) {
            let Some(AdmissionBody { spec }) = reading.body::<AdmissionBody>(object) else { continue };
            // Kyverno's default of these kinds is `Deny`.
            let actions: BTreeSet<String> = spec.validation_actions.unwrap_or_default().into_iter().collect();
            let denies = actions.is_empty() || actions.contains("Deny");
            found.push(Policy {
                mode: if denies { Mode::Enforce } else { Mode::Audit },
                ..policy("Kyverno", kind, object)
            });
        }
    }
}

/// API group of Gatekeeper's constraints: each ConstraintTemplate defines a kind in it.
pub(crate) const CONSTRAINTS: &str = "constraints.gatekeeper.sh";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ConstraintBody {
    spec: ConstraintSpec,
    status: ConstraintStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ConstraintSpec {
    enforcement_action: Option<String>,
    scoped_enforcement_actions: Option<Vec<Scoped>>,
    #[serde(rename = "match")]
    matches: ConstraintMatch,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scoped {
    action: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ConstraintMatch {
    excluded_namespaces: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ConstraintStatus {
    total_violations: Option<u64>,
    violations: Option<Vec<Violation>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation {
    kind: String,
    namespace: Option<String>,
    name: String,
}

impl ConstraintBody {
    /// Its action as written.
    pub(crate) fn action(&self) -> String {
        let scoped = self.spec.scoped_enforcement_actions.iter().flatten().map(|it| it.action.as_str());
        match self.spec.enforcement_action.as_deref().unwrap_or("deny") {
            "scoped" => format!("scoped ({})", scoped.collect::<Vec<_>>().join(", ")),
            action => action.to_owned(),
        }
    }

    /// What it does with a violation. Gatekeeper's default is `deny`.
    pub(crate) fn mode(&self) -> Mode {
        match self.spec.enforcement_action.as_deref() {
            None | Some("" | "deny") => Mode::Enforce,
            Some("scoped") => {
                let actions: BTreeSet<&str> =
                    self.spec.scoped_enforcement_actions.iter().flatten().map(|it| &*it.action).collect();
                let denies = actions.contains("deny");
                mode(usize::from(denies), actions.len() - usize::from(denies))
            }
            Some(_) => Mode::Audit,
        }
    }
}

fn gatekeeper(reading: &mut Reading<'_>, found: &mut Vec<Policy>) {
    for kind in reading.kinds(CONSTRAINTS) {
        for object in reading.wish(CONSTRAINTS, &kind) {
            let Some(body) = reading.body::<ConstraintBody>(object) else { continue };
            let violations = body.status.violations.iter().flatten().map(|it| match it.namespace.as_deref() {
                None | Some("") => format!("{} {}", it.kind, it.name),
                Some(namespace) => format!("{} {namespace}/{}", it.kind, it.name),
            });
            found.push(Policy {
                mode: body.mode(),
                violations: body.status.total_violations,
                violating: violations.collect(),
                left_out: body.spec.matches.excluded_namespaces.unwrap_or_default(),
                ..policy("OPA Gatekeeper", &kind, object)
            });
        }
    }
}
