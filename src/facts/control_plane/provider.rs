//! What only whoever runs a managed control plane can say.
//!
//! In: the embedded catalogue `controls/settings/provider.toml`, the workspace's `[[provider-setting]]` tables, and what
//! was observed of the cluster, if anything. Out: an [`Entry`] for each setting that documents ask for: declared or not,
//! and whether evidence says otherwise.
//!
//! Invariant: a declaration never becomes an observation. It stands beside an outcome and changes none.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use serde::Deserialize;

use super::{
    super::{Facts, Observed, Origin, Reach},
    ControlPlane, PlaneSetting,
    flags::Value,
};
use crate::{
    assess::Outcome,
    checks::params::{Expectation, Verdict, nowhere},
    embedded::CONTROLS,
    facts::{Transformation, endpoint::ApiEndpoint},
    ownership::Join,
    tables,
    workspace::{Cluster, ControlPlane as RunBy, ProviderSetting, Workspace},
};

/// One thing to ask whoever runs the control plane.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Asked {
    /// Identifier, as declarations name it.
    pub(crate) id: String,
    /// Title.
    pub(crate) title: String,
    /// What to ask.
    pub(crate) ask: String,
    /// Values that a declaration may have; empty for free text.
    #[serde(default)]
    pub(crate) values: Vec<String>,
    /// Checks that ask the same of what can be seen.
    checks: Vec<String>,
    /// Flag of kube-apiserver that has the same words in it.
    same_as: Option<String>,
    #[serde(default)]
    contradiction: Vec<Contradiction>,
}

/// Flags of kube-apiserver that contradict a declared value; all of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contradiction {
    value: String,
    when: BTreeMap<String, Expectation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(rename = "format")]
    _format: u32,
    setting: Vec<Asked>,
}

/// Everything that is asked for, in the order of the file.
pub(crate) fn asked() -> &'static [Asked] {
    static ASKED: LazyLock<Vec<Asked>> = LazyLock::new(|| {
        let file = CONTROLS.get_file("settings/provider.toml").and_then(|file| file.contents_utf8());
        // A unit test parses the embedded file, so nothing is dropped here.
        file.and_then(|text| tables::from_str::<RawFile>(text).ok()).map(|file| file.setting).unwrap_or_default()
    });
    &ASKED
}

/// The setting of this identifier.
pub(crate) fn find(id: &str) -> Option<&'static Asked> {
    asked().iter().find(|asked| asked.id == id)
}

/// One setting of one control plane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'w> {
    /// What is asked.
    pub(crate) asked: &'static Asked,
    /// What was declared; `None`: nothing yet.
    pub(crate) declared: Option<&'w ProviderSetting>,
}

/// What is asked of whoever runs a cluster's control plane, with what is declared. Empty for a control plane of our own
/// about which nothing is declared: what is not visible there can be collected.
pub(crate) fn of<'w>(workspace: &'w Workspace, cluster: &Cluster) -> Vec<Entry<'w>> {
    let declared = |asked: &Asked| workspace.provider_setting(cluster, &asked.id);
    let managed = cluster.control_plane == RunBy::Managed;
    let all = asked().iter().map(|asked| Entry { asked, declared: declared(asked) });
    all.filter(|entry| managed || entry.declared.is_some()).collect()
}

/// What a result that the cluster cannot show is to say besides: what was declared, or that a declaration is missing.
pub(crate) fn beside(workspace: &Workspace, cluster: &Cluster, check: &str, outcome: Outcome) -> Option<String> {
    if !matches!(outcome, Outcome::NotVisible | Outcome::Manual | Outcome::NotCollected) {
        return None;
    }
    let entries = of(workspace, cluster).into_iter().filter(|entry| entry.asked.checks.iter().any(|it| it == check));
    let said: Vec<String> = entries
        .map(|Entry { asked, declared }| match declared {
            Some(it) => {
                format!("declared, not observed: {} {} ({}, {})", asked.title, it.said(), it.source, it.date)
            }
            None => format!("no declaration: ask for `{}` and declare it in a `[[provider-setting]]`", asked.id),
        })
        .collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// What was seen of a control plane that declarations can be compared with.
pub(crate) struct Seen<'f> {
    plane: &'f ControlPlane,
    endpoint: &'f ApiEndpoint,
    encryption: &'f Observed<Vec<Transformation>>,
}

impl<'f> Seen<'f> {
    /// Of facts that were computed already.
    pub(crate) fn of(facts: &'f Facts) -> Self {
        Self { plane: facts.control_plane.seen(), endpoint: facts.endpoint.seen(), encryption: &facts.encryption }
    }

    /// How evidence contradicts a declaration, if it does.
    pub(crate) fn contradicts(&self, declared: &ProviderSetting) -> Option<String> {
        let asked = find(&declared.setting)?;
        self.by_flags(asked, declared).or_else(|| self.otherwise(declared))
    }

    fn by_flags(&self, asked: &Asked, declared: &ProviderSetting) -> Option<String> {
        if let Some(flag) = &asked.same_as {
            let words = |text: &str| -> BTreeSet<String> {
                text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
            };
            let seen = self.flag(flag)?;
            let (Value::Set(text) | Value::Default(text)) = &seen else { return None };
            return (words(text) != words(&declared.value)).then(|| format!("--{flag} is {text}"));
        }
        let wrong = asked.contradiction.iter().filter(|it| it.value == declared.value);
        wrong.map(|it| self.all(&it.when)).find_map(|found| found)
    }

    /// How these flags are, if each is as expected.
    fn all(&self, when: &BTreeMap<String, Expectation>) -> Option<String> {
        let mut said = Vec::new();
        for (flag, expectation) in when {
            let value = self.flag(flag)?;
            if expectation.judge(flag, &value, &nowhere) != Verdict::Met {
                return None;
            }
            said.push(match value {
                Value::Set(text) if text.is_empty() => format!("--{flag} is empty"),
                Value::Set(text) => format!("--{flag} is {text}"),
                Value::Default(text) => format!("--{flag} is not set, and the default is {text}"),
                Value::Unset | Value::Hidden(_) => format!("--{flag} is not set"),
            });
        }
        Some(said.join(", "))
    }

    /// What every API server that was seen has for a flag; `None` when none was seen, or they differ.
    fn flag(&self, name: &str) -> Option<Value> {
        let server = self.plane.components.iter().find(|component| component.name == "kube-apiserver")?;
        let setting: &PlaneSetting = server.settings.iter().find(|setting| setting.name == name)?;
        let [value] = setting.values.as_slice() else { return None };
        Some(match value.origin {
            Origin::Set => Value::Set(value.text.clone()),
            Origin::Default => Value::Default(value.text.clone()),
            Origin::Unset => Value::Unset,
            Origin::NotVisible => return None,
        })
    }

    /// What other evidence than flags says.
    fn otherwise(&self, declared: &ProviderSetting) -> Option<String> {
        match (&*declared.setting, &*declared.value) {
            ("api-endpoint", "private") if self.endpoint.reach == Reach::Public => {
                let host = self.endpoint.host.as_deref().unwrap_or_default();
                Some(format!("the evidence came through the public address {host}"))
            }
            ("encryption-at-rest", value) => {
                let written =
                    || self.encryption.seen().iter().filter(|it| it.written && it.resource.starts_with("secrets"));
                match value {
                    "customer-key" | "provider-key" if written().any(|it| it.provider.is_none()) => {
                        Some("the API server wrote Secrets in clear text since it started".to_owned())
                    }
                    "off" | "disk-only" => written()
                        .find_map(|it| it.provider.as_ref())
                        .map(|provider| format!("the API server wrote Secrets with the provider {provider}")),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// Declarations that a snapshot contradicts, each with how.
pub(crate) fn contradictions<'w>(join: &Join<'w>) -> Vec<(&'w ProviderSetting, String)> {
    let header = &join.snapshot().header.cluster;
    let workspace = join.workspace();
    let Some(cluster) = workspace.cluster_of(&header.id, header.uid.as_deref()) else { return Vec::new() };
    let (plane, endpoint) = (super::observe(join), crate::facts::endpoint::observe(join));
    let encryption = crate::facts::encryption::observe(join);
    let seen = Seen { plane: plane.seen(), endpoint: endpoint.seen(), encryption: &encryption };
    let declared = of(workspace, cluster).into_iter().filter_map(|entry| entry.declared);
    declared.filter_map(|declared| Some((declared, seen.contradicts(declared)?))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::{History, assess, testing},
        checks,
        facts::control_plane::tests::static_pod,
        ownership,
        snapshot::{Completeness, Snapshot},
        workspace::{ClusterId, Place},
    };

    #[test]
    fn the_catalogue_names_checks_and_settings_that_exist() {
        let text = CONTROLS.get_file("settings/provider.toml").expect("embedded").contents_utf8().expect("UTF-8");
        let parsed: RawFile = tables::from_str(text).expect("it parses");
        assert_eq!(parsed.setting.len(), asked().len());
        let server = super::super::settings::component("kube-apiserver").expect("known");
        let known: BTreeSet<&str> = checks::known_ids().collect();
        for asked in asked() {
            for check in &asked.checks {
                assert!(known.contains(check.as_str()), "{}: no check {check}", asked.id);
            }
            let flags = asked.contradiction.iter().flat_map(|it| it.when.keys()).chain(&asked.same_as);
            for flag in flags {
                assert!(server.setting(flag).is_some(), "{}: no setting {flag}", asked.id);
            }
            for it in &asked.contradiction {
                assert!(asked.values.contains(&it.value), "{}: no value {}", asked.id, it.value);
            }
        }
        // Nothing about a control plane is left without a question to whoever runs it.
        let about: BTreeSet<&str> = asked().iter().flat_map(|it| &it.checks).map(String::as_str).collect();
        let plane = known.iter().filter(|id| {
            ["apiserver-", "controller-manager-", "scheduler-", "etcd-"].iter().any(|it| id.starts_with(it))
        });
        for check in plane.filter(|id| **id != "apiserver-certificate-expiry") {
            assert!(about.contains(check), "nobody is asked about {check}");
        }
    }

    fn declared(setting: &str, value: &str) -> ProviderSetting {
        let place = Place { source: crate::workspace::Source::empty("scopefence.toml"), span: 0..0 };
        ProviderSetting {
            cluster: None,
            setting: setting.to_owned(),
            value: value.to_owned(),
            detail: None,
            source: "Contract".to_owned(),
            location: None,
            digest: None,
            date: testing::moment().date_naive(),
            place,
        }
    }

    fn managed(settings: Vec<ProviderSetting>) -> Workspace {
        let mut workspace = testing::workspace(Vec::new());
        workspace.clusters = vec![Cluster {
            id: ClusterId::new("prod"),
            name: "Production".to_owned(),
            uid: None,
            context: None,
            environment: None,
            location: None,
            control_plane: RunBy::Managed,
            authorization_modes: Vec::new(),
        }];
        workspace.provider_settings = settings;
        workspace
    }

    #[test]
    fn a_declaration_stands_beside_the_outcome_and_does_not_change_it() {
        let workspace =
            managed(vec![declared("audit-log", "on"), declared("authorization-modes", "Node, RBAC, Webhook")]);
        let pods = testing::list("Pod", vec![testing::object("kube-system", "coredns", json!({}))]);
        let found = assess(&workspace, &[testing::snapshot(vec![pods])], &History::default(), None);
        let result = |check: &str| found.results.iter().find(|it| it.check.as_str() == check).expect("asked");
        let audit = result("apiserver-audit-log");
        assert_eq!(audit.outcome, Outcome::NotVisible);
        assert!(audit.reason.contains("declared, not observed: Audit log of the API server on (Contract, 2026-11-21)"));
        let profiling = result("apiserver-profiling");
        assert_eq!(profiling.outcome, Outcome::NotVisible);
        assert!(profiling.reason.contains("no declaration: ask for `profiling`"), "{}", profiling.reason);
        let access = found.clusters[0].facts.access.seen();
        assert_eq!(access.authorizers.modes, ["Node", "RBAC", "Webhook"]);
        let plan = assess(&workspace, &[], &History::default(), None);
        let audit = plan.results.iter().find(|it| it.check.as_str() == "apiserver-audit-log").expect("asked");
        assert!(audit.outcome == Outcome::NotCollected && audit.reason.contains("prod: declared"), "{}", audit.reason);
    }

    fn contradicted(setting: &str, value: &str, snapshot: &Snapshot) -> Option<String> {
        let workspace = managed(vec![declared(setting, value)]);
        contradictions(&ownership::join(&workspace, snapshot)).pop().map(|(_, how)| how)
    }

    #[test]
    fn evidence_contradicts_what_it_shows_otherwise() {
        let words =
            ["kube-apiserver", "--anonymous-auth=true", "--authorization-mode=Node,RBAC", "--audit-log-path=/a"];
        let pod = static_pod("kube-apiserver", "cp-1", &words);
        let mut seen = testing::snapshot(vec![testing::list("Pod", vec![pod])]);
        seen.header.cluster.server = Some("https://203.0.113.7:6443".to_owned());
        let sample = json!({"resource": "secrets", "status": "OK", "transformation_type": "to_storage",
            "transformer_prefix": "identity", "count": 2.0});
        seen.probes = vec![testing::probe("encryption-at-rest", Completeness::Complete, &json!([sample]))];
        for (setting, value, how) in [
            ("anonymous-access", "refused", "--anonymous-auth is true"),
            ("authorization-modes", "RBAC, Webhook", "--authorization-mode is Node,RBAC"),
            ("audit-log", "off", "--audit-log-path is /a"),
            ("encryption-at-rest", "customer-key", "--encryption-provider-config is not set"),
            ("profiling", "off", "--profiling is not set, and the default is true"),
            ("api-endpoint", "private", "203.0.113.7"),
        ] {
            let found = contradicted(setting, value, &seen).unwrap_or_default();
            assert!(found.contains(how), "{setting}: {found}");
        }
        for (setting, value) in [
            ("anonymous-access", "allowed"),
            ("authorization-modes", "RBAC, Node"),
            ("audit-log", "on"),
            ("audit-retention", "400 days"),
            ("api-endpoint", "public"),
        ] {
            assert_eq!(contradicted(setting, value, &seen), None, "{setting}");
        }
        // Metrics alone are enough to know better.
        seen.lists = vec![testing::list("Pod", Vec::new())];
        let found = contradicted("encryption-at-rest", "provider-key", &seen).unwrap_or_default();
        assert!(found.contains("in clear text"), "{found}");
        let hidden = testing::snapshot(vec![testing::list("Pod", Vec::new())]);
        assert_eq!(contradicted("anonymous-access", "refused", &hidden), None);
    }
}
