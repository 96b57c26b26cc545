//! What providers say of control planes that they run.

use std::collections::BTreeMap;

use super::{
    super::{
        ClusterId, ProviderSetting,
        code::Code,
        diagnostic::{Diagnostic, nearest},
        parse::Raw,
        raw,
        source::Place,
    },
    context::{Context, Table},
    index::Kind,
};
use crate::facts::control_plane::provider::{self, Asked};

pub(super) fn settings(context: &Context<'_>, raw: &Raw) -> Vec<ProviderSetting> {
    let mut declared: BTreeMap<(Option<String>, String), Place> = BTreeMap::new();
    for item in &raw.clusters {
        if let (Some(id), Some(modes)) = (&item.raw.id, &item.raw.authorization_modes) {
            let table = context.table(item, "cluster", Some(&item.raw.id));
            declared.insert((Some(id.get_ref().clone()), "authorization-modes".to_owned()), table.at(modes));
        }
    }
    raw.provider_settings
        .iter()
        .filter_map(|item| {
            let table = context.table(item, "provider setting", None);
            let raw = &item.raw;
            let cluster = raw.cluster.as_ref().map(|cluster| {
                table.refers(Kind::Cluster, cluster.get_ref(), cluster.span());
                cluster.get_ref().clone()
            });
            let setting = table.text(&raw.setting, "setting");
            let (value, source) = (table.text(&raw.value, "value"), table.text(&raw.source, "source"));
            table.required(&raw.date, "date");
            let (date, detail) = (table.date(&raw.date, "date"), table.optional(&raw.detail));
            let location = raw.location.as_ref();
            let digest = location
                .filter(|location| !location.get_ref().starts_with("https://"))
                .and_then(|location| table.workspace_file(location));
            let asked = known(&table, &raw.setting)?;
            allowed(&table, asked, &raw.value);
            let place = raw.value.as_ref().map_or_else(|| table.here(), |value| table.at(value));
            let written = raw.setting.as_ref().map_or_else(|| table.here(), |setting| table.at(setting));
            if let Some(first) = declared.insert((cluster.clone(), setting.clone()), written.clone()) {
                let message = format!("`{setting}` of one control plane is declared twice");
                table.report(
                    Diagnostic::new(Code::DuplicateSetting, written, message, "the second").also(first, "the first"),
                );
            }
            Some(ProviderSetting {
                cluster: cluster.map(ClusterId::new),
                setting,
                value,
                detail,
                source,
                location: location.map(|location| location.get_ref().clone()),
                digest,
                date: date?,
                place,
            })
        })
        .collect()
}

/// The setting that is asked for by this name.
fn known(table: &Table<'_>, setting: &raw::Text) -> Option<&'static Asked> {
    let setting = setting.as_ref()?;
    let found = provider::find(setting.get_ref());
    if found.is_none() {
        let all = || provider::asked().iter().map(|asked| asked.id.as_str());
        let list = all().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        let help = match nearest(setting.get_ref(), all()) {
            Some(near) => format!("did you mean `{near}`? Possible are {list}"),
            None => format!("possible are {list}"),
        };
        let message = format!("no setting of a control plane is named `{}`", setting.get_ref());
        let label = "not a setting that is asked for";
        table.report(Diagnostic::new(Code::UnknownValue, table.at(setting), message, label).help(help));
    }
    found
}

/// Reports a value that the setting cannot have.
fn allowed(table: &Table<'_>, asked: &Asked, value: &raw::Text) {
    let Some(value) = value.as_ref().filter(|value| !value.get_ref().trim().is_empty()) else { return };
    if asked.values.is_empty() || asked.values.contains(&value.get_ref().trim().to_owned()) {
        return;
    }
    let list = asked.values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    let message = format!("`{}` cannot be `{}`", asked.id, value.get_ref());
    table.report(
        Diagnostic::new(Code::UnknownValue, table.at(value), message, "not a value of this setting")
            .help(format!("possible are {list}; what else there is to say goes into `detail`")),
    );
}
