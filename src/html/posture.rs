//! The posture at a glance on the start page: what was observed, what came of it, and whose it is.

use std::fmt::Write;

use super::{Site, blocks::Context, escape::escape, svg};
use crate::{
    assess::Outcome,
    document::{Tone, palette},
    frameworks::Frameworks,
    workspace::{Fence, Severity},
};

/// Appends the section.
pub(super) fn posture(out: &mut String, site: &Site<'_>, context: &Context) {
    out.push_str(
        "<section class=\"posture\" aria-labelledby=\"posture\">\n<h2 id=\"posture\">Posture at a glance</h2>\n",
    );
    if site.assessment.clusters.is_empty() {
        out.push_str(
            "<p class=\"not-observed\"><span class=\"badge unknown\"><span aria-hidden=\"true\">?</span> Not yet observed</span> \
             No snapshot stands behind this build. The documents say what is declared; checks, findings and ownership \
             of cluster objects appear once evidence is collected.</p>\n",
        );
    } else {
        figures(out, site);
        outcomes(out, site);
    }
    teams(out, site, context);
    frameworks(out, site);
    out.push_str("</section>\n");
}

fn name(outcome: Outcome) -> (Tone, &'static str, &'static str) {
    match outcome {
        Outcome::Pass => (Tone::Good, "Pass", "Everything needed was read completely and nothing fails"),
        Outcome::Fail => (Tone::Bad, "Fail", "At least one object fails"),
        Outcome::Error => (Tone::Bad, "Error", "The evaluation could not be trusted"),
        Outcome::Forbidden => (Tone::Unknown, "Forbidden", "The collector may not read what it needs"),
        Outcome::NotCollected => (Tone::Unknown, "Not collected", "The snapshot did not ask for what it needs"),
        Outcome::NotVisible => (Tone::Unknown, "Not visible", "The API cannot show it"),
        Outcome::Stale => (Tone::Caution, "Stale", "The evidence is older than allowed"),
        Outcome::Manual => (Tone::Unknown, "Manual", "A person must look"),
        Outcome::NotApplicable => (Tone::Neutral, "Not applicable", "There is nothing to ask about"),
    }
}

fn badge(out: &mut String, tone: Tone, text: &str) {
    let (class, symbol) = (svg::tone(tone), palette::symbol(tone));
    let _ = write!(out, "<span class=\"badge {class}\"><span aria-hidden=\"true\">{symbol}</span> ");
    escape(out, text);
    out.push_str("</span>");
}

/// Numbers that a lead asks for first.
fn figures(out: &mut String, site: &Site<'_>) {
    let assessment = site.assessment;
    let decided = |outcome: Outcome| matches!(outcome, Outcome::Pass | Outcome::Fail | Outcome::NotApplicable);
    let checks = assessment.results.len();
    let observed = assessment.results.iter().filter(|result| decided(result.outcome)).count();
    let failing = assessment.results.iter().filter(|result| result.outcome == Outcome::Fail).count();
    let ownership = || assessment.clusters.iter().map(|cluster| &cluster.ownership);
    let owned: usize = ownership().flat_map(|ownership| ownership.claimed.values()).map(Vec::len).sum();
    let unclaimed: usize = ownership().map(|ownership| ownership.unclaimed.len()).sum();
    let contested: usize = ownership().map(|ownership| ownership.contested.len()).sum();
    let unseen: usize = ownership().map(|ownership| ownership.not_seen.len()).sum();
    let urgent = assessment.open_findings().filter(|finding| finding.severity >= Severity::High).count();
    let figures = [
        (format!("{observed} of {checks}"), "checks decided on complete evidence".to_owned()),
        (failing.to_string(), "checks fail".to_owned()),
        (assessment.open_findings().count().to_string(), format!("open findings, {urgent} of them high or critical")),
        (owned.to_string(), "cluster objects with an owner".to_owned()),
        (unclaimed.to_string(), format!("objects without an owner, {contested} contested")),
        (unseen.to_string(), "lists not read completely".to_owned()),
    ];
    out.push_str("<dl class=\"figures\">\n");
    for (figure, words) in figures {
        let _ = writeln!(out, "<div><dt>{words}</dt><dd>{figure}</dd></div>");
    }
    out.push_str("</dl>\n");
}

/// Checks by outcome, as a bar and as a table.
fn outcomes(out: &mut String, site: &Site<'_>) {
    let results = &site.assessment.results;
    let counts: Vec<(Outcome, usize)> = Outcome::ALL
        .into_iter()
        .map(|outcome| (outcome, results.iter().filter(|result| result.outcome == outcome).count()))
        .filter(|(_, count)| *count > 0)
        .collect();
    if counts.is_empty() {
        return;
    }
    let order = [Tone::Good, Tone::Neutral, Tone::Caution, Tone::Unknown, Tone::Bad];
    out.push_str("<svg class=\"bar\" viewBox=\"0 0 1000 14\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">");
    let mut x = 0.0;
    for tone in order {
        let count: usize = counts.iter().filter(|(outcome, _)| name(*outcome).0 == tone).map(|(_, count)| count).sum();
        let width = count as f32 * 1000.0 / results.len() as f32;
        if count > 0 {
            let class = svg::tone(tone);
            let _ = write!(
                out,
                "<rect x=\"{x:.1}\" y=\"0\" width=\"{:.1}\" height=\"14\" class=\"f-{class}\"/>",
                width - 2.0
            );
        }
        x += width;
    }
    out.push_str(
        "</svg>\n<figure class=\"table\" id=\"outcomes\"><div class=\"scroll\" tabindex=\"0\" role=\"group\" \
         aria-labelledby=\"outcomes-caption\"><table><caption id=\"outcomes-caption\"><span>Checks by outcome</span></caption>\
         <thead><tr><th scope=\"col\">Outcome</th><th scope=\"col\" class=\"end\">Checks</th><th scope=\"col\">Meaning</th></tr>\
         </thead><tbody>",
    );
    for (outcome, count) in counts {
        let (tone, text, meaning) = name(outcome);
        out.push_str("<tr><th scope=\"row\">");
        badge(out, tone, text);
        let _ = writeln!(out, "</th><td class=\"end\">{count}</td><td>{meaning}</td></tr>");
    }
    out.push_str("</tbody></table></div></figure>\n");
}

/// What each team owns and what is open there.
fn teams(out: &mut String, site: &Site<'_>, context: &Context) {
    let workspace = site.workspace;
    let observed = !site.assessment.clusters.is_empty();
    let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    out.push_str(
        "<figure class=\"table\" id=\"teams\" data-sort><div class=\"scroll\" tabindex=\"0\" role=\"group\" \
         aria-labelledby=\"teams-caption\"><table><caption id=\"teams-caption\"><span>What each team owns</span></caption>\
         <thead><tr><th scope=\"col\">Team</th><th scope=\"col\" class=\"end\">Components inside</th>\
         <th scope=\"col\" class=\"end\">Components outside</th><th scope=\"col\" class=\"end\">Activities it answers for</th>",
    );
    if observed {
        for severity in ["Critical", "High", "Medium", "Low"] {
            let _ = write!(out, "<th scope=\"col\" class=\"end\">{severity} findings</th>");
        }
    }
    out.push_str("</tr></thead><tbody>");
    for (index, team) in workspace.teams.iter().enumerate() {
        let components = |fence| workspace.components.iter().filter(|c| c.team == team.id && c.fence == fence).count();
        let answers = workspace
            .activities
            .iter()
            .filter(|activity| matches!(&activity.a, crate::workspace::RaciParty::Team(id) if *id == team.id));
        let answers = answers.count();
        out.push_str("<tr><th scope=\"row\">");
        let brief = format!("team/{}", team.id);
        let linked = site.documents.iter().any(|document| document.id == brief);
        if linked {
            let _ = write!(out, "<a href=\"{}", context.root);
            escape(out, &brief);
            out.push_str(".html\">");
        }
        let _ = write!(out, "<span class=\"team t{}\">", index % palette::TEAMS);
        escape(out, &team.name);
        out.push_str(if linked { "</span></a></th>" } else { "</span></th>" });
        let (inside, outside) = (components(Fence::Inside), components(Fence::Outside));
        let _ = write!(
            out,
            "<td class=\"end\">{inside}</td><td class=\"end\">{outside}</td><td class=\"end\">{answers}</td>"
        );
        if observed {
            for severity in severities {
                let findings = site.assessment.open_findings();
                let mine =
                    findings.filter(|finding| finding.team.as_ref() == Some(&team.id) && finding.severity == severity);
                let _ = write!(out, "<td class=\"end\">{}</td>", mine.count());
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>");
    let orphans = site.assessment.open_findings().filter(|finding| finding.team.is_none()).count();
    if orphans > 0 {
        let _ = write!(
            out,
            "<figcaption class=\"source\">{orphans} open findings are on objects that no component claims.</figcaption>"
        );
    }
    out.push_str("</figure>\n");
}

/// Controls by framework with coverage.
fn frameworks(out: &mut String, site: &Site<'_>) {
    let controls = &site.assessment.controls;
    let mut frameworks: Vec<&str> = Vec::new();
    for control in controls {
        if !frameworks.contains(&control.control.framework()) {
            frameworks.push(control.control.framework());
        }
    }
    if frameworks.is_empty() || site.assessment.clusters.is_empty() {
        return;
    }
    out.push_str(
        "<figure class=\"table\" id=\"frameworks\"><div class=\"scroll\" tabindex=\"0\" role=\"group\" \
         aria-labelledby=\"frameworks-caption\"><table><caption id=\"frameworks-caption\"><span>Controls by framework</span>\
         </caption><thead><tr><th scope=\"col\">Framework</th><th scope=\"col\" class=\"end\">Controls</th>\
         <th scope=\"col\" class=\"end\">Pass</th><th scope=\"col\" class=\"end\">Fail</th>\
         <th scope=\"col\" class=\"end\">To be looked at by a person</th><th scope=\"col\" class=\"end\">Not shown by the evidence</th>\
         <th scope=\"col\" class=\"end\">Checks observed of needed</th></tr></thead><tbody>",
    );
    for framework in frameworks {
        let of = || controls.iter().filter(|posture| posture.control.framework() == framework);
        let count = |wanted: &[Outcome]| of().filter(|posture| wanted.contains(&posture.outcome)).count();
        let pass = count(&[Outcome::Pass, Outcome::NotApplicable]);
        let fail = count(&[Outcome::Fail, Outcome::Error]);
        let manual = count(&[Outcome::Manual]);
        let (total, observed, needed) = (
            of().count(),
            of().map(|posture| posture.observed).sum::<usize>(),
            of().map(|posture| posture.needed).sum::<usize>(),
        );
        out.push_str("<tr><th scope=\"row\">");
        // A framework of the workspace's own has no title in here.
        escape(out, Frameworks::builtin().framework(framework).map_or(framework, |known| &known.title));
        let _ = writeln!(
            out,
            "</th><td class=\"end\">{total}</td><td class=\"end\">{pass}</td><td class=\"end\">{fail}</td>\
             <td class=\"end\">{manual}</td><td class=\"end\">{}</td><td class=\"end\">{observed} of {needed}</td></tr>",
            total - pass - fail - manual
        );
    }
    out.push_str("</tbody></table></div></figure>\n");
}
