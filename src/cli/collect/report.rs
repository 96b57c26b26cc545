//! What a collection or a dry run found, for people on stderr or stdout, for programs as JSON on stdout.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    Format, Written,
    cost::{costs, grants},
    progress::ending,
};
use crate::{
    cli::{Exit, Ui},
    cluster::{Preflight, Readable},
    facts::catalogue,
    snapshot::{Completeness, Source},
    visible::spelled_out,
};

/// Summary on stderr, paths (or JSON) on stdout.
pub(super) fn written(written: &[Written], format: Format, ui: &Ui) {
    for one in written {
        summary(one, ui);
    }
    match format {
        Format::Text => {
            for one in written {
                ui.print(one.path.display());
            }
        }
        Format::Json => {
            let list: Vec<_> = written
                .iter()
                .map(|one| {
                    json!({
                        "path": one.path,
                        "sha256": one.digest,
                        "header": one.header,
                        "lists": one.records,
                    })
                })
                .collect();
            ui.print(format!("{:#}", serde_json::Value::from(list)));
        }
    }
}

fn summary(one: &Written, ui: &Ui) {
    let (header, records) = (&one.header, &one.records);
    let objects: usize = records.iter().map(|record| record.count).sum();
    let by = match &header.collector {
        Some(collector) => format!(" as {}", spelled_out(&collector.username)),
        None => String::new(),
    };
    let from = match (&header.source, &header.cluster.server) {
        (Source::Supplied, _) => "from files".to_owned(),
        (_, Some(server)) => format!("from {}{by}", spelled_out(server)),
        (_, None) => format!("from the cluster{by}"),
    };
    let mut counts: BTreeMap<u8, (&str, usize)> = BTreeMap::new();
    for record in records {
        let entry = counts.entry(rank(&record.completeness)).or_insert((ending(&record.completeness).0, 0));
        entry.1 += 1;
    }
    let counts: Vec<String> = counts.values().map(|(word, count)| format!("{count} {word}")).collect();
    ui.note(format!("{}: {objects} objects {from}; lists: {}", spelled_out(&header.cluster.id), counts.join(", ")));
    let mut rows: Vec<[String; 4]> = Vec::new();
    for record in records {
        let (word, reason) = ending(&record.completeness);
        let notable = !matches!(record.completeness, Completeness::Complete | Completeness::Absent);
        if notable || record.retries > 0 || !record.warnings.is_empty() {
            let mut why: Vec<String> =
                Some(spelled_out(reason)).filter(|reason| !reason.is_empty()).into_iter().collect();
            if record.retries > 0 {
                why.push(format!("{} repeated", record.retries));
            }
            why.extend(record.warnings.iter().map(|warning| spelled_out(warning)));
            rows.push([word.to_owned(), name(&record.group, &record.kind), record.count.to_string(), why.join("; ")]);
        }
    }
    table(["list ended", "kind", "objects", "why"], &rows, |line| ui.note(line));
}

fn rank(completeness: &Completeness) -> u8 {
    match completeness {
        Completeness::Complete => 0,
        Completeness::Partial(_) => 1,
        Completeness::Forbidden(_) => 2,
        Completeness::Failed(_) => 3,
        Completeness::Absent => 4,
        Completeness::NotCollected => 5,
    }
}

fn name(group: &str, kind: &str) -> String {
    if group.is_empty() { spelled_out(kind) } else { spelled_out(&format!("{group}/{kind}")) }
}

/// Status 1 when something that the usual rights include is refused.
pub(super) fn preflight(server: &str, answers: &[Preflight], format: Format, ui: &Ui) -> Exit {
    let readable = answers.iter().filter(|answer| answer.answer == Readable::Yes).count();
    let costs = costs(answers, catalogue::entries());
    let grants = grants(answers, &costs);
    match format {
        Format::Json => {
            let report = json!({"server": server, "kinds": answers, "facts": costs, "grant": grants});
            ui.print(format!("{report:#}"));
        }
        Format::Text => {
            let rows: Vec<[String; 4]> = answers
                .iter()
                .map(|answer| {
                    let (word, why) = match &answer.answer {
                        Readable::Yes => ("yes", String::new()),
                        Readable::No if answer.risk.is_some() => ("no", "not among the usual rights".to_owned()),
                        Readable::No => ("no", "refused; checks and facts that need it will say forbidden".to_owned()),
                        Readable::Unknown(reason) => ("unknown", spelled_out(reason)),
                    };
                    let what = if answer.metadata_only { "names and labels" } else { "projected fields" };
                    [word.to_owned(), name(&answer.group, &answer.kind), what.to_owned(), why]
                })
                .collect();
            table(["readable", "kind", "what is read", "why"], &rows, |line| ui.print(line));
            if !costs.is_empty() {
                ui.print("\nfacts that will be partial or missing");
                let rows: Vec<[String; 3]> = costs
                    .iter()
                    .map(|cost| [cost.title.to_owned(), cost.expected.as_str().to_owned(), cost.without.join(", ")])
                    .collect();
                table(["fact", "will be", "without"], &rows, |line| ui.print(line));
            }
            if !grants.is_empty() {
                let grants: Vec<String> = grants.iter().map(|grant| spelled_out(grant)).collect();
                ui.print(format!("\nto have them, grant `list` on {}", grants.join(", ")));
                ui.print(
                    "`scopefence permissions` prints a ClusterRole with the usual rights; `--with` adds the others",
                );
            }
        }
    }
    ui.note(format!("{readable} of {} kinds can be read from {}", answers.len(), spelled_out(server)));
    let refused = answers.iter().any(|answer| answer.risk.is_none() && answer.answer != Readable::Yes);
    if refused { Exit::BadNews } else { Exit::Fine }
}

/// Columns padded to their widest cell; the last one is left ragged.
fn table<const N: usize>(head: [&str; N], rows: &[[String; N]], mut print: impl FnMut(String)) {
    if rows.is_empty() {
        return;
    }
    let width = |text: &str| unicode_width::UnicodeWidthStr::width(text);
    let mut widths = head.map(width);
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(cell));
        }
    }
    let line = |cells: [&str; N]| {
        let padded =
            cells.iter().zip(widths).map(|(cell, widest)| format!("{cell}{}", " ".repeat(widest - width(cell))));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    print(line(head));
    for row in rows {
        print(line(row.each_ref().map(String::as_str)));
    }
}
