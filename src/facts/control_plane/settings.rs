//! Which settings of control-plane components and kubelets are known, and what upstream applies when nobody sets them.
//!
//! In: the embedded folder `controls/settings` (docs/data-format.md). Out: [`Component`]s with their [`Setting`]s in the
//! order of the file.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::{embedded::CONTROLS, tables};

/// A program of the control plane, or the kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Component {
    /// Name of the program: the label `component` of its Pods.
    pub(crate) id: String,
    /// Flags that name a file with settings of it.
    pub(crate) in_file: Vec<String>,
    /// Beginning of environment variables that set it.
    pub(crate) environment: Option<String>,
    /// What can be set.
    pub(crate) settings: Vec<Setting>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Name of the flag without dashes, or path of the field.
    pub(crate) name: String,
    /// What it decides, in a few words.
    pub(crate) title: String,
    /// Several values, separated by commas or given by repetition.
    pub(crate) list: bool,
    /// Flags that name a file in which this is set instead.
    pub(crate) in_file: Vec<String>,
    defaults: Vec<Default>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Default {
    since: Option<(u64, u64)>,
    value: Option<String>,
}

/// What applies to a setting that nobody sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied<'a> {
    /// Nothing: the feature is off.
    Nothing,
    /// This value.
    Value(&'a str),
    /// Not known for this version.
    Unknown,
}

impl Setting {
    /// What this version of Kubernetes applies when it is not set.
    pub(crate) fn default(&self, version: Option<(u64, u64)>) -> Applied<'_> {
        let holds = |default: &&Default| match (default.since, version) {
            (None, _) => true,
            (Some(since), Some(version)) => since <= version,
            (Some(_), None) => false,
        };
        // Without a version only a default that never changed is known.
        if version.is_none() && self.defaults.len() > 1 {
            return Applied::Unknown;
        }
        match self.defaults.iter().rfind(holds) {
            None => Applied::Nothing,
            Some(Default { value: Some(value), .. }) => Applied::Value(value),
            Some(Default { value: None, .. }) => Applied::Unknown,
        }
    }
}

/// Major and minor of `v1.36.2-eks`.
pub(crate) fn minor(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.trim_start_matches('v').split(['.', '-', '+']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    format: u32,
    component: Vec<RawComponent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawComponent {
    id: String,
    #[serde(default)]
    in_file: Vec<String>,
    environment: Option<String>,
    settings: toml::Table,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawSetting {
    title: String,
    #[serde(default)]
    list: bool,
    #[serde(default)]
    in_file: Vec<String>,
    default: Option<RawDefault>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawDefault {
    Always(String),
    Versions(Vec<RawVersion>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVersion {
    since: Option<String>,
    value: Option<String>,
}

fn parse(text: &str) -> Result<Vec<Component>, String> {
    let file: RawFile = tables::from_str(text).map_err(|error| error.to_string())?;
    if file.format != 1 {
        return Err(format!("format {} is not known", file.format));
    }
    let default = |raw: RawVersion| -> Result<Default, String> {
        let since = match raw.since.as_deref() {
            None => None,
            Some(text) => Some(minor(text).ok_or_else(|| format!("`{text}` is no version like 1.36"))?),
        };
        Ok(Default { since, value: raw.value })
    };
    let setting = |(name, value): (String, toml::Value)| -> Result<Setting, String> {
        let raw: RawSetting = value.try_into().map_err(|error| format!("{name}: {error}"))?;
        let defaults = match raw.default {
            None => Vec::new(),
            Some(RawDefault::Always(value)) => vec![Default { since: None, value: Some(value) }],
            Some(RawDefault::Versions(list)) => list.into_iter().map(default).collect::<Result<_, _>>()?,
        };
        Ok(Setting { name, title: raw.title, list: raw.list, in_file: raw.in_file, defaults })
    };
    file.component
        .into_iter()
        .map(|raw| {
            Ok(Component {
                settings: raw.settings.into_iter().map(setting).collect::<Result<_, String>>()?,
                id: raw.id,
                in_file: raw.in_file,
                environment: raw.environment,
            })
        })
        .collect()
}

/// Everything that is known, in the order of the file.
pub(crate) fn components() -> &'static [Component] {
    static COMPONENTS: LazyLock<Vec<Component>> = LazyLock::new(|| {
        let file = CONTROLS.get_file("settings/kubernetes.toml").and_then(|file| file.contents_utf8());
        // A unit test parses the embedded file, so nothing is dropped here.
        file.and_then(|text| parse(text).ok()).unwrap_or_default()
    });
    &COMPONENTS
}

/// The component of this name.
pub(crate) fn component(id: &str) -> Option<&'static Component> {
    components().iter().find(|component| component.id == id)
}

impl Component {
    /// The setting of this name.
    pub(crate) fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::projection::Projections;

    #[test]
    fn every_known_setting_is_one_that_snapshots_keep() {
        let text = CONTROLS.get_file("settings/kubernetes.toml").expect("embedded").contents_utf8().expect("UTF-8");
        let parsed = parse(text).expect("it parses");
        let projections = Projections::builtin().expect("embedded");
        let pod = projections.get("", "Pod").expect("Pod");
        for component in parsed.iter().filter(|component| component.id != "kubelet") {
            let flags = component.in_file.iter().chain(component.settings.iter().map(|setting| &setting.name));
            for flag in flags.chain(component.settings.iter().flat_map(|setting| &setting.in_file)) {
                assert!(pod.keeps_flag(flag), "{}: --{flag} is not in the projection of Pods", component.id);
            }
        }
        assert_eq!(parsed, components());
    }

    #[test]
    fn a_default_is_that_of_the_version() {
        let setting = component("kube-apiserver").and_then(|it| it.setting("audit-log-maxage")).expect("known");
        assert_eq!(setting.default(minor("v1.33.4")), Applied::Value("0"));
        assert_eq!(setting.default(minor("v1.36.2")), Applied::Value("366"));
        assert_eq!(setting.default(None), Applied::Unknown);
        let profiling = component("kube-scheduler").and_then(|it| it.setting("profiling")).expect("known");
        assert_eq!(profiling.default(None), Applied::Value("true"));
        let path = component("kube-apiserver").and_then(|it| it.setting("audit-log-path")).expect("known");
        assert_eq!(path.default(minor("v1.36.2")), Applied::Nothing);
    }
}
