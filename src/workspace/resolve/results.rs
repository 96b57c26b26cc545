//! What `[[result-mapping]]` declares: controls and checks that rules of other tools are about.

use std::collections::BTreeMap;

use super::{
    super::{ResultMapping, code::Code, diagnostic::Diagnostic, parse::Raw, source::Place},
    context::{Context, each},
};

pub(super) fn mappings(context: &Context<'_>, raw: &Raw) -> Vec<ResultMapping> {
    let mut seen: BTreeMap<(String, String), Place> = BTreeMap::new();
    let each_row = raw.result_mappings.iter().map(|item| {
        let table = context.table(item, "mapping of results", Some(&item.raw.rule));
        let raw = &item.raw;
        let (tool, rule) = (table.text(&raw.tool, "tool"), table.text(&raw.rule, "rule"));
        if raw.controls.is_none() && raw.checks.is_none() && table.unspoiled() {
            let message = format!("the mapping of `{rule}` names neither controls nor checks");
            table.report(
                Diagnostic::new(Code::MissingKey, table.here(), message, "about nothing")
                    .help("name `controls`, or `checks` that ask the same; an empty list says that it is about none"),
            );
        }
        if let Some(written) = raw.rule.as_ref().filter(|_| !rule.is_empty()) {
            let before = seen.insert((tool.clone(), rule.clone()), table.at(written));
            if let Some(before) = before {
                let message = format!("two mappings are about `{rule}` of {tool}");
                table.report(
                    Diagnostic::new(Code::DuplicateId, table.at(written), message, "again here")
                        .also(before, "first here"),
                );
            }
        }
        ResultMapping {
            tool,
            rule,
            controls: table.controls(&raw.controls),
            checks: each(&raw.checks).map(|check| table.check(check)).collect(),
            because: table.optional(&raw.because),
        }
    });
    each_row.collect()
}
