//! Policies that verify image signatures, in one form.
//!
//! Sources: Kyverno's API types `ImageVerification` (`kyverno.io/v1`) and `ImageValidatingPolicy`
//! (`policies.kyverno.io`), the Sigstore policy controller's `ClusterImagePolicy` (`policy.sigstore.dev`).

use serde::Deserialize;

use super::super::{images::Reference, observed::Reading, pod::Present, selector::Selector};
use crate::snapshot::Object;

/// How much of a namespace a policy looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extent {
    /// No Pod in it.
    Nothing,
    /// Something else than the namespace decides too.
    Part,
    /// Every Pod in it.
    All,
}

/// A policy that verifies signatures.
pub(super) struct Verifying {
    pub(super) engine: &'static str,
    pub(super) kind: &'static str,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) enforces: bool,
    pub(super) images: Vec<String>,
    skipped: Vec<String>,
    scope: Scope,
}

/// Where a policy looks.
enum Scope {
    /// Where its engine is asked.
    Engine,
    Rule(Box<Rule>),
    Constraints(Box<Constraints>),
}

const KYVERNO: &str = "Kyverno";
const SIGSTORE: &str = "Sigstore policy controller";

impl Verifying {
    pub(super) fn extent(&self, namespace: &Object) -> Extent {
        if !self.namespace.is_empty() && *self.namespace != *namespace.name {
            return Extent::Nothing;
        }
        match &self.scope {
            Scope::Engine => Extent::All,
            Scope::Rule(rule) => rule.extent(namespace),
            Scope::Constraints(constraints) => constraints.extent(namespace),
        }
    }

    /// Whether its patterns select this image.
    pub(super) fn verifies(&self, image: &Reference) -> bool {
        let names = names(image);
        let any = |patterns: &[String]| patterns.iter().any(|it| names.iter().any(|name| self.matches(it, name)));
        (self.images.is_empty() || any(&self.images)) && !any(&self.skipped)
    }

    /// Sigstore's `*` ends at a slash, `**` does not; Kyverno's `*` goes on.
    fn matches(&self, pattern: &str, name: &str) -> bool {
        glob(pattern.as_bytes(), name.as_bytes(), self.engine == SIGSTORE && !pattern.contains("**"))
    }
}

/// The ways in which engines write an image before they compare it.
fn names(image: &Reference) -> Vec<String> {
    let mut paths = vec![format!("{}/{}", image.host, image.path)];
    if image.host == "docker.io" {
        paths.push(format!("index.docker.io/{}", image.path));
        paths.extend(image.path.strip_prefix("library/").map(|path| format!("docker.io/{path}")));
    }
    let tag = image.tag.as_deref().or(image.digest.is_none().then_some("latest"));
    paths
        .iter()
        .flat_map(|path| {
            let tagged = tag.map(|tag| format!("{path}:{tag}"));
            let pinned = image.digest.as_ref().map(|digest| format!("{path}@{digest}"));
            [Some(path.clone()), tagged, pinned].into_iter().flatten()
        })
        .collect()
}

/// Whether `*` and `?` in a pattern make it equal to a text.
fn glob(pattern: &[u8], text: &[u8], stops_at_slash: bool) -> bool {
    // Where the last star stood, and how far it has been stretched.
    let (mut at, mut from, mut star) = (0, 0, None);
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, from));
                at += 1;
            }
            Some(&wanted) if wanted == text[from] || wanted == b'?' => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((_, stretched)) if stops_at_slash && text[stretched] == b'/' => return false,
                Some((after, stretched)) => {
                    star = Some((after, stretched + 1));
                    (at, from) = (after, stretched + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

fn wildcard(pattern: &str, text: &str) -> bool {
    glob(pattern.as_bytes(), text.as_bytes(), false)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClusterPolicyBody {
    spec: ClusterPolicySpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ClusterPolicySpec {
    validation_failure_action: Option<String>,
    rules: Option<Vec<Rule>>,
}

/// A rule of a Kyverno policy.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    name: String,
    #[serde(rename = "match")]
    matches: Filters,
    exclude: Option<Filters>,
    preconditions: Option<Present>,
    cel_preconditions: Option<Present>,
    verify_images: Option<Vec<VerifyImages>>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct VerifyImages {
    image: Option<String>,
    image_references: Option<Vec<String>>,
    skip_image_references: Option<Vec<String>>,
    failure_action: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Filters {
    any: Option<Vec<Filter>>,
    all: Option<Vec<Filter>>,
    #[serde(flatten)]
    own: Filter,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    resources: Option<Resources>,
    subjects: Option<Present>,
    roles: Option<Present>,
    cluster_roles: Option<Present>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Resources {
    kinds: Option<Vec<String>>,
    namespaces: Option<Vec<String>>,
    namespace_selector: Option<Selector>,
    name: Option<String>,
    names: Option<Vec<String>>,
    annotations: Option<Present>,
    selector: Option<Present>,
    operations: Option<Vec<String>>,
}

impl Filter {
    fn extent(&self, namespace: &Object) -> Extent {
        let Some(it) = &self.resources else { return Extent::Part };
        // `Pod`, `v1/Pod`, `*`; a subresource such as `Pod/exec` is none.
        let is_pod = |kind: &String| matches!(kind.rsplit('/').next(), Some("Pod" | "*"));
        let empty = |list: &Option<Vec<String>>| list.as_ref().is_none_or(Vec::is_empty);
        let elsewhere = !empty(&it.namespaces)
            && !it.namespaces.iter().flatten().any(|pattern| wildcard(pattern, &namespace.name))
            || it.namespace_selector.as_ref().is_some_and(|selector| !selector.selects(&namespace.labels));
        if elsewhere || !empty(&it.kinds) && !it.kinds.iter().flatten().any(is_pod) {
            return Extent::Nothing;
        }
        let any_name = it.name.as_deref().is_none_or(|name| name == "*") && empty(&it.names);
        let always = empty(&it.operations) || it.operations.iter().flatten().any(|it| it == "CREATE");
        let narrower = [&self.subjects, &self.roles, &self.cluster_roles, &it.annotations, &it.selector];
        match any_name && always && narrower.iter().all(|it| it.is_none()) {
            true => Extent::All,
            false => Extent::Part,
        }
    }
}

impl Filters {
    fn extent(&self, namespace: &Object) -> Extent {
        let each = |list: &Option<Vec<Filter>>| -> Vec<Extent> {
            list.iter().flatten().map(|filter| filter.extent(namespace)).collect()
        };
        match (&self.any, &self.all) {
            (Some(_), _) => each(&self.any).into_iter().max().unwrap_or(Extent::Nothing),
            (None, Some(_)) => each(&self.all).into_iter().min().unwrap_or(Extent::Nothing),
            (None, None) if self.own.resources.is_some() => self.own.extent(namespace),
            (None, None) => Extent::Nothing,
        }
    }
}

impl Rule {
    fn extent(&self, namespace: &Object) -> Extent {
        let excluded = self.exclude.as_ref().map_or(Extent::Nothing, |exclude| exclude.extent(namespace));
        let matched = match excluded {
            Extent::All => return Extent::Nothing,
            Extent::Part => self.matches.extent(namespace).min(Extent::Part),
            Extent::Nothing => self.matches.extent(namespace),
        };
        match self.preconditions.is_some() || self.cel_preconditions.is_some() {
            true => matched.min(Extent::Part),
            false => matched,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ValidatingBody {
    spec: ValidatingSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ValidatingSpec {
    validation_actions: Option<Vec<String>>,
    match_constraints: Constraints,
    match_conditions: Option<Vec<Present>>,
    match_image_references: Option<Vec<ImagePattern>>,
    evaluation: Evaluation,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Constraints {
    namespace_selector: Option<Selector>,
    object_selector: Option<Selector>,
    resource_rules: Option<Vec<ResourceRule>>,
    exclude_resource_rules: Option<Vec<Present>>,
    /// Conditions of the policy, or image patterns that are expressions.
    #[serde(skip)]
    narrowed: bool,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ResourceRule {
    resources: Option<Vec<String>>,
    resource_names: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ImagePattern {
    glob: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Evaluation {
    admission: Admission,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Admission {
    enabled: Option<bool>,
}

impl Constraints {
    fn extent(&self, namespace: &Object) -> Extent {
        if self.namespace_selector.as_ref().is_some_and(|selector| !selector.selects(&namespace.labels)) {
            return Extent::Nothing;
        }
        let of_pods =
            self.resource_rules.iter().flatten().filter(|rule| {
                rule.resources.iter().flatten().any(|resource| matches!(&**resource, "pods" | "*" | "*/*"))
            });
        let of_pods: Vec<_> = of_pods.collect();
        if of_pods.is_empty() {
            return Extent::Nothing;
        }
        let whole = of_pods.iter().any(|rule| rule.resource_names.as_ref().is_none_or(Vec::is_empty))
            && self.object_selector.as_ref().is_none_or(Selector::is_empty)
            && self.exclude_resource_rules.as_ref().is_none_or(Vec::is_empty)
            && !self.narrowed;
        if whole { Extent::All } else { Extent::Part }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ImagePolicyBody {
    spec: ImagePolicySpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ImagePolicySpec {
    mode: Option<String>,
    images: Option<Vec<ImagePattern>>,
    #[serde(rename = "match")]
    matches: Option<Vec<MatchedResource>>,
    authorities: Option<Vec<Authority>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MatchedResource {
    resource: String,
    selector: Option<Selector>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Authority {
    #[serde(rename = "static")]
    fixed: Option<Static>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Static {
    action: String,
}

/// All policies that verify signatures, by engine, kind and name.
pub(super) fn read(reading: &mut Reading<'_>) -> Vec<Verifying> {
    let mut found = Vec::new();
    for kind in ["ClusterPolicy", "Policy"] {
        for object in reading.wish("kyverno.io", kind) {
            if let Some(body) = reading.body::<ClusterPolicyBody>(object) {
                rules(kind, object, body.spec, &mut found);
            }
        }
        reading.rely(
            "kyverno.io",
            kind,
            &["spec.rules[].preconditions{}", "spec.rules[].verifyImages[].skipImageReferences"],
        );
    }
    for kind in ["ImageValidatingPolicy", "NamespacedImageValidatingPolicy"] {
        for object in reading.wish("policies.kyverno.io", kind) {
            if let Some(body) = reading.body::<ValidatingBody>(object) {
                found.push(validating(kind, object, body.spec));
            }
        }
    }
    reading.rely("policies.kyverno.io", "ImageValidatingPolicy", &["spec.evaluation.admission.enabled"]);
    for object in reading.wish("policy.sigstore.dev", "ClusterImagePolicy") {
        if let Some(body) = reading.body::<ImagePolicyBody>(object) {
            found.extend(image_policy(object, body.spec));
        }
    }
    reading.rely("policy.sigstore.dev", "ClusterImagePolicy", &["spec.authorities[].static.action"]);
    found
}

fn rules(kind: &'static str, object: &Object, spec: ClusterPolicySpec, found: &mut Vec<Verifying>) {
    for rule in spec.rules.unwrap_or_default() {
        for verify in rule.verify_images.iter().flatten() {
            // Kyverno's default is `Audit`.
            let action = verify.failure_action.as_ref().or(spec.validation_failure_action.as_ref());
            found.push(Verifying {
                engine: KYVERNO,
                kind,
                namespace: object.namespace.to_string(),
                name: format!("{}: {}", object.name, rule.name),
                enforces: action.is_some_and(|action| action.eq_ignore_ascii_case("enforce")),
                images: verify.image_references.iter().flatten().chain(&verify.image).cloned().collect(),
                skipped: verify.skip_image_references.clone().unwrap_or_default(),
                scope: Scope::Rule(Box::new(rule.clone())),
            });
        }
    }
}

fn validating(kind: &'static str, object: &Object, spec: ValidatingSpec) -> Verifying {
    let patterns = spec.match_image_references.unwrap_or_default();
    let narrowed = spec.match_conditions.is_some_and(|conditions| !conditions.is_empty())
        || patterns.iter().any(|pattern| pattern.glob.is_none());
    // Kyverno's defaults: it denies, at admission.
    let denies =
        spec.validation_actions.is_none_or(|actions| actions.is_empty() || actions.iter().any(|it| it == "Deny"));
    Verifying {
        engine: KYVERNO,
        kind,
        namespace: object.namespace.to_string(),
        name: object.name.to_string(),
        enforces: denies && spec.evaluation.admission.enabled != Some(false),
        images: patterns.into_iter().filter_map(|pattern| pattern.glob).collect(),
        skipped: Vec::new(),
        scope: Scope::Constraints(Box::new(Constraints { narrowed, ..spec.match_constraints })),
    }
}

/// A policy of which every authority lets everything pass verifies nothing. One with `match` looks only at what that
/// names: a selector narrows it.
fn image_policy(object: &Object, spec: ImagePolicySpec) -> Option<Verifying> {
    let authorities = spec.authorities.unwrap_or_default();
    let passes = |it: &Authority| it.fixed.as_ref().is_some_and(|fixed| fixed.action == "pass");
    if authorities.iter().any(passes) {
        return None;
    }
    let matched = spec.matches.unwrap_or_default();
    let of_pods: Vec<_> = matched.iter().filter(|it| matches!(&*it.resource, "pods" | "*")).collect();
    let scope = match matched.is_empty() {
        true => Scope::Engine,
        false => Scope::Constraints(Box::new(Constraints {
            resource_rules: (!of_pods.is_empty())
                .then(|| vec![ResourceRule { resources: Some(vec!["pods".to_owned()]), resource_names: None }]),
            narrowed: of_pods.iter().all(|it| it.selector.as_ref().is_some_and(|selector| !selector.is_empty())),
            ..Constraints::default()
        })),
    };
    Some(Verifying {
        engine: SIGSTORE,
        kind: "ClusterImagePolicy",
        namespace: String::new(),
        name: object.name.to_string(),
        // The controller's default is `enforce`.
        enforces: spec.mode.as_deref().is_none_or(|mode| mode.is_empty() || mode == "enforce"),
        images: spec.images.unwrap_or_default().into_iter().filter_map(|pattern| pattern.glob).collect(),
        skipped: Vec::new(),
        scope,
    })
}
