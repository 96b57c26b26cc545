//! The posture at a glance on the start page: what was observed, what came of it, and whose it is.

use std::fmt::Write;

use super::{
    Site,
    blocks::{self, Context},
    escape::escape,
    svg,
};
use crate::{
    assess::{Outcome, Standing, Tally, by_framework, by_team},
    document::{Diagram, Tone, chart, palette, trend},
    frameworks::Frameworks,
    workspace::{Fence, OrganizationKind, Severity, TeamId, staffing},
};

/// Clusters of which findings over time are shown.
const CLUSTERS: usize = 6;

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
        trends(out, site);
    }
    teams(out, site, context);
    controls(out, site);
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
    let checks = assessment.results.len();
    let observed = assessment.results.iter().filter(|result| result.outcome.is_decided()).count();
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

/// Findings from snapshot to snapshot.
fn trends(out: &mut String, site: &Site<'_>) {
    let clusters = site.assessment.trend.chunk_by(|a, b| a.cluster == b.cluster);
    for (number, points) in clusters.take(CLUSTERS).enumerate() {
        let ([first, ..], [.., now]) = (points, points) else { continue };
        let mut text = match points {
            [.., before, now] => {
                let kind = |severity: Severity| format!("{severity:?}").to_lowercase();
                let columns = trend::columns(points, |_| true, &kind);
                blocks::diagram(
                    out,
                    &Diagram {
                        id: format!("trend-{number}"),
                        caption: format!("Open findings by severity, snapshot by snapshot ({})", first.cluster),
                        alt: trend::in_words(&columns),
                        scene: trend::draw(&columns),
                        landscape: false,
                    },
                );
                let change = now.since(before, |_| true);
                let day = before.ended.format("%Y-%m-%d");
                let unknown = match change.unknown {
                    0 => String::new(),
                    count => {
                        format!(" Of {count} more nothing can be said: one of the two does not decide their check.")
                    }
                };
                format!("Since the snapshot of {day}: {} new, {} gone.{unknown}", change.new, change.gone)
            }
            _ => {
                format!("Cluster {}: one point in time. There is no earlier snapshot to compare it with.", now.cluster)
            }
        };
        if points.iter().any(|point| point.decided.len() < now.decided.len()) {
            text.push_str(" Dashed columns decide fewer checks, and can be lower for that reason alone.");
        }
        out.push_str("<p>");
        escape(out, &text);
        out.push_str("</p>\n");
    }
}

/// What each team owns and what is open there.
fn teams(out: &mut String, site: &Site<'_>, context: &Context) {
    let workspace = site.workspace;
    let observed = !site.assessment.clusters.is_empty();
    let severities = Severity::ALL;
    out.push_str(
        "<figure class=\"table\" id=\"teams\" data-sort><div class=\"scroll\" tabindex=\"0\" role=\"group\" \
         aria-labelledby=\"teams-caption\"><table><caption id=\"teams-caption\"><span>What each team owns</span></caption>\
         <thead><tr><th scope=\"col\">Team</th><th scope=\"col\" class=\"end\">Components inside</th>\
         <th scope=\"col\" class=\"end\">Components outside</th><th scope=\"col\" class=\"end\">Activities it answers for</th>",
    );
    let people = !workspace.people.is_empty();
    if people {
        out.push_str("<th scope=\"col\" class=\"end\">Hang on one person, or on nobody</th>");
    }
    let today = site.assessment.as_of.map(|time| time.date_naive());
    let staffing = staffing::staffing(workspace, today);
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
        if people {
            let own = workspace.organization(&team.organization).kind == OrganizationKind::Own;
            let ours = staffing.work.iter().filter(|work| work.teams.contains(&&team.id));
            let known = ours.clone().any(|work| matches!(work.cover, staffing::Cover::People(_)));
            let thin = ours.filter(|work| work.cover.is_thin()).count();
            match (own, known) {
                (false, _) => write!(out, "<td class=\"end\">–</td>"),
                (_, true) => write!(out, "<td class=\"end\">{thin}</td>"),
                (_, false) => write!(out, "<td class=\"end\">not declared</td>"),
            }
            .ok();
        }
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

/// What a control's standing is called here.
fn standing(standing: Standing) -> String {
    match standing {
        Standing::Contradicted => "contradicted",
        Standing::Failing => "fails",
        Standing::Incomplete => "not in place",
        Standing::Unseen => "not shown",
        Standing::Manual => "manual",
        Standing::Attested => "evidence attached",
        Standing::Passing => "passes",
        Standing::NotApplicable => "not applicable",
    }
    .to_owned()
}

/// Controls by framework and by team, with coverage.
fn controls(out: &mut String, site: &Site<'_>) {
    if site.assessment.controls.is_empty() || site.assessment.clusters.is_empty() {
        return;
    }
    // A framework of the workspace's own has no title in here.
    let title = |id: &str| Frameworks::builtin().framework(id).map_or(id, |known| &known.title).to_owned();
    let frameworks = by_framework(site.workspace, site.assessment);
    let rows: Vec<(String, &Tally)> = frameworks.iter().map(|(id, tally)| (title(id), tally)).collect();
    standings(out, ("frameworks", "Controls by framework"), &rows);
    let name = |team: Option<&TeamId>| match team {
        Some(team) => site.workspace.team(team).name.clone(),
        None => "No statement gives it to a team".to_owned(),
    };
    let teams = by_team(site.workspace, site.assessment);
    let rows: Vec<(String, &Tally)> = teams.iter().map(|(team, tally)| (name(*team), tally)).collect();
    standings(out, ("control-teams", "Controls by team"), &rows);
}

/// A chart, and the same numbers as a table.
fn standings(out: &mut String, (id, caption): (&str, &str), rows: &[(String, &Tally)]) {
    let note = |tally: &Tally| match tally.needed {
        0 => "no checks".to_owned(),
        needed => format!("{} of {needed} checks decided", tally.observed),
    };
    let bars = rows.iter().map(|(label, tally)| (label.clone(), *tally, note(tally)));
    let drawn = chart::standings(&standing, bars);
    blocks::diagram(
        out,
        &Diagram {
            id: format!("{id}-chart"),
            caption: caption.to_owned(),
            alt: chart::in_words(&drawn),
            scene: chart::draw(&drawn),
            landscape: false,
        },
    );
    let _ = write!(
        out,
        "<figure class=\"table\" id=\"{id}\"><div class=\"scroll\" tabindex=\"0\" role=\"group\" \
         aria-labelledby=\"{id}-caption\"><table><caption id=\"{id}-caption\"><span>{caption}</span></caption><thead><tr>\
         <th scope=\"col\"></th>"
    );
    for kind in Standing::ALL {
        let _ = write!(out, "<th scope=\"col\" class=\"end\">{}</th>", standing(kind));
    }
    out.push_str("<th scope=\"col\" class=\"end\">Checks decided of needed</th></tr></thead><tbody>");
    for (label, tally) in rows {
        out.push_str("<tr><th scope=\"row\">");
        escape(out, label);
        out.push_str("</th>");
        for kind in Standing::ALL {
            let _ = write!(out, "<td class=\"end\">{}</td>", tally.count(kind));
        }
        let _ = writeln!(out, "<td class=\"end\">{} of {}</td></tr>", tally.observed, tally.needed);
    }
    out.push_str("</tbody></table></div></figure>\n");
}
