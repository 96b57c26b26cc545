//! JUnit's XML as CI servers read it: a suite a cluster, a case a finding, else a case a check.
//!
//! What was not answered is skipped with the reason, never passed.

use super::{
    outcome,
    report::{Line, Report, Standing},
    severity,
};
use crate::{assess::Finding, cli::evidence::escaped};

pub(super) fn junit(report: &Report<'_>) -> String {
    let mut clusters: Vec<&str> = report.results.iter().map(|line| line.result.cluster.as_str()).collect();
    clusters.dedup();
    clusters.sort_unstable();
    clusters.dedup();
    let mut all = Counts::default();
    let mut suites = String::new();
    for cluster in clusters {
        let mut suite = Suite::default();
        for line in report.results.iter().filter(|line| line.result.cluster == cluster) {
            suite.check(report, line);
        }
        let counts = suite.counts;
        all.add(counts);
        let time = report.as_of.as_deref().map(|time| attribute("timestamp", time.trim_end_matches('Z')));
        suites.push_str(&format!(
            "  <testsuite{}{counts}{}>\n{}  </testsuite>\n",
            attribute("name", cluster),
            time.unwrap_or_default(),
            suite.cases
        ));
    }
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"scopefence\"{all}>\n{suites}</testsuites>")
}

#[derive(Default, Clone, Copy)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { tests, failures, errors, skipped } = self;
        write!(f, " tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"0\"")
    }
}

#[derive(Default)]
struct Suite {
    counts: Counts,
    cases: String,
}

impl Suite {
    fn check(&mut self, report: &Report<'_>, line: &Line<'_>) {
        let result = line.result;
        let title = report.title(&result.check);
        let class = attribute("classname", result.check.as_str());
        let of = |it: &&Finding| it.check == result.check && it.cluster == result.cluster;
        for finding in report.open().filter(of) {
            self.counts.failures += 1;
            let owner = match &finding.component {
                Some(component) => format!("{component}, {}", report.team(finding)),
                None => report.team(finding).to_owned(),
            };
            let name = attribute("name", &format!("{title} ({owner})"));
            self.case(&format!("{class}{name}"), &failure(report, finding));
        }
        for finding in report.findings.iter().filter(|finding| !finding.is_open()).filter(of) {
            let by: std::collections::BTreeSet<&str> =
                finding.excepted.iter().map(|it| it.exception.as_str()).collect();
            let message = format!("accepted risk: {}", by.into_iter().collect::<Vec<_>>().join(", "));
            let component = finding.component.as_ref().map_or("unclaimed", |component| component.as_str());
            self.counts.skipped += 1;
            let name = attribute("name", &format!("{title} ({component})"));
            self.case(&format!("{class}{name}"), &format!("      <skipped{}/>\n", attribute("message", &message)));
        }
        let why = |what: &str| attribute("message", &format!("{what}: {}", result.reason));
        let body = match line.standing {
            Standing::Fails => return,
            Standing::Passes | Standing::NothingFound | Standing::NotApplicable => String::new(),
            Standing::Error => {
                self.counts.errors += 1;
                format!("      <error type=\"evaluation\"{}/>\n", why("cannot be evaluated"))
            }
            Standing::FailsElsewhere => self.skipped(&why("nothing asked for fails, other objects do")),
            Standing::NeedsCluster => self.skipped(&why("needs the live cluster")),
            Standing::NotAnswered | Standing::Manual => self.skipped(&why(outcome(result.outcome))),
        };
        self.case(&format!("{class}{}", attribute("name", title)), &body);
    }

    fn skipped(&mut self, message: &str) -> String {
        self.counts.skipped += 1;
        format!("      <skipped{message}/>\n")
    }

    fn case(&mut self, attributes: &str, body: &str) {
        self.counts.tests += 1;
        self.cases.push_str(&match body {
            "" => format!("    <testcase{attributes} time=\"0\"/>\n"),
            body => format!("    <testcase{attributes} time=\"0\">\n{body}    </testcase>\n"),
        });
    }
}

fn failure(report: &Report<'_>, finding: &Finding) -> String {
    let mut lines: Vec<String> = finding
        .objects
        .iter()
        .map(|failure| {
            let place = report.files.and_then(|files| files.place(&failure.key));
            let place = place.map(|place| format!("{}:{}: ", place.file.display(), place.line)).unwrap_or_default();
            format!("{place}{}: {}", failure.key, failure.message)
        })
        .collect();
    lines.extend(finding.let_in_by.iter().map(|id| format!("let in by {id}")));
    if let Some(check) = report.check(&finding.check) {
        lines.push(String::new());
        lines.extend(check.remediation.lines().map(str::to_owned));
    }
    let message = format!("{} {}: {} fail", severity(finding.severity), finding.id, finding.objects.len());
    let text: Vec<String> = lines.iter().map(|line| xml(&keep_indent(line))).collect();
    let kind = attribute("type", severity(finding.severity));
    format!("      <failure{}{kind}>{}</failure>\n", attribute("message", &message), text.join("\n"))
}

/// A line with what deceives spelled out, and its indentation kept.
fn keep_indent(line: &str) -> String {
    let indent = line.len() - line.trim_start_matches(' ').len();
    format!("{}{}", &line[..indent], escaped(&line[indent..]))
}

fn attribute(name: &str, value: &str) -> String {
    format!(" {name}=\"{}\"", xml(&escaped(value)))
}

/// Text as XML 1.0 may hold it; control characters were spelled out before.
fn xml(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
        out
    })
}
