//! The posture at a glance on the start page: what was observed, what came of it, and whose it is.

use std::fmt::Write;

use super::{
    Site,
    blocks::{self, Context, badge},
    escape::escape,
    svg,
};
use crate::{
    assess::{Outcome, Standing, Tally, by_framework, by_team},
    document::{Diagram, Texts, Tone, chart, palette, trend, words},
    frameworks::Frameworks,
    workspace::{Fence, OrganizationKind, Severity, TeamId, staffing},
};

/// Clusters of which findings over time are shown.
const CLUSTERS: usize = 6;

/// Appends the section.
pub(super) fn posture(out: &mut String, site: &Site<'_>, context: &Context<'_>) {
    out.push_str("<section class=\"posture\" aria-labelledby=\"posture\">\n<h2 id=\"posture\">");
    context.say(out, "start.heading");
    out.push_str("</h2>\n");
    if site.assessment.clusters.is_empty() {
        out.push_str("<p class=\"not-observed\">");
        badge(out, Tone::Unknown, context.texts.t("start.not_observed"));
        out.push(' ');
        context.say(out, "start.not_observed_text");
        out.push_str("</p>\n");
    } else {
        figures(out, site, context);
        outcomes(out, site, context);
        trends(out, site, context);
    }
    teams(out, site, context);
    controls(out, site, context);
    out.push_str("</section>\n");
}

/// Keys of an outcome's name and of what it means.
fn name(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Pass => ("start.outcome.pass", "start.means.pass"),
        Outcome::Fail => ("start.outcome.fail", "start.means.fail"),
        Outcome::Error => ("start.outcome.error", "start.means.error"),
        Outcome::Forbidden => ("start.outcome.forbidden", "start.means.forbidden"),
        Outcome::NotCollected => ("start.outcome.not_collected", "start.means.not_collected"),
        Outcome::NotVisible => ("start.outcome.not_visible", "start.means.not_visible"),
        Outcome::Stale => ("start.outcome.stale", "start.means.stale"),
        Outcome::Manual => ("start.outcome.manual", "start.means.manual"),
        Outcome::NotApplicable => ("start.outcome.not_applicable", "start.means.not_applicable"),
    }
}

/// A header cell of a column.
fn head(out: &mut String, key: &str, number: bool, context: &Context<'_>) {
    out.push_str(if number { "<th scope=\"col\" class=\"end\">" } else { "<th scope=\"col\">" });
    context.say(out, key);
    out.push_str("</th>");
}

/// Everything of a table up to its header cells.
fn table(out: &mut String, id: &str, sorts: bool, caption: &str) {
    let sort = if sorts { " data-sort" } else { "" };
    let _ = write!(
        out,
        "<figure class=\"table\" id=\"{id}\"{sort}><div class=\"scroll\" tabindex=\"0\" role=\"group\" \
         aria-labelledby=\"{id}-caption\"><table><caption id=\"{id}-caption\"><span>"
    );
    escape(out, caption);
    out.push_str("</span></caption><thead><tr>");
}

/// `n` of so many.
fn of(texts: &Texts, n: usize, all: usize) -> String {
    texts.fill("start.of", &[("n", &n.to_string()), ("all", &all.to_string())])
}

/// Numbers that a lead asks for first.
fn figures(out: &mut String, site: &Site<'_>, context: &Context<'_>) {
    let texts = context.texts;
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
    let open = assessment.open_findings().count();
    let (urgent, contested) = (urgent.to_string(), contested.to_string());
    let figures = [
        (of(texts, observed, checks), texts.count("start.decided", checks)),
        (failing.to_string(), texts.count("start.failing", failing)),
        (open.to_string(), texts.counted("start.open", open, &[("urgent", &urgent)])),
        (owned.to_string(), texts.count("start.owned", owned)),
        (unclaimed.to_string(), texts.counted("start.unowned", unclaimed, &[("contested", &contested)])),
        (unseen.to_string(), texts.count("start.unread", unseen)),
    ];
    out.push_str("<dl class=\"figures\">\n");
    for (figure, words) in figures {
        out.push_str("<div><dt>");
        escape(out, &words);
        out.push_str("</dt><dd>");
        escape(out, &figure);
        out.push_str("</dd></div>\n");
    }
    out.push_str("</dl>\n");
}

/// Checks by outcome, as a bar and as a table.
fn outcomes(out: &mut String, site: &Site<'_>, context: &Context<'_>) {
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
        let count: usize =
            counts.iter().filter(|(outcome, _)| words::outcome(*outcome).0 == tone).map(|(_, count)| count).sum();
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
    out.push_str("</svg>\n");
    table(out, "outcomes", false, context.texts.t("start.outcomes"));
    head(out, "column.outcome", false, context);
    head(out, "start.checks", true, context);
    head(out, "column.meaning", false, context);
    out.push_str("</tr></thead><tbody>");
    for (outcome, count) in counts {
        let (text, meaning) = name(outcome);
        out.push_str("<tr><th scope=\"row\">");
        badge(out, words::outcome(outcome).0, context.texts.t(text));
        let _ = write!(out, "</th><td class=\"end\">{count}</td><td>");
        context.say(out, meaning);
        out.push_str("</td></tr>\n");
    }
    out.push_str("</tbody></table></div></figure>\n");
}

/// Findings from snapshot to snapshot.
fn trends(out: &mut String, site: &Site<'_>, context: &Context<'_>) {
    let texts = context.texts;
    let clusters = site.assessment.trend.chunk_by(|a, b| a.cluster == b.cluster);
    for (number, points) in clusters.take(CLUSTERS).enumerate() {
        let [.., now] = points else { continue };
        let mut text = match points {
            [.., before, now] => {
                let picture = trend::diagram(format!("trend-{number}"), points, &|_| true, texts);
                blocks::diagram(out, &picture, context);
                trend::since(&words::date(before.ended.date_naive()), [before, now], &|_| true, texts)
            }
            _ => {
                let day = words::date(now.ended.date_naive());
                texts.fill("trend.once", &[("cluster", &now.cluster), ("time", &day)])
            }
        };
        if points.iter().any(|point| point.decided.len() < now.decided.len()) {
            text.push(' ');
            text.push_str(texts.t("trend.less"));
        }
        out.push_str("<p>");
        escape(out, &text);
        out.push_str("</p>\n");
    }
}

/// What each team owns and what is open there.
fn teams(out: &mut String, site: &Site<'_>, context: &Context<'_>) {
    let workspace = site.workspace;
    let observed = !site.assessment.clusters.is_empty();
    let severities = Severity::ALL;
    let texts = context.texts;
    table(out, "teams", true, texts.t("start.teams"));
    head(out, "column.team", false, context);
    for key in ["start.inside", "start.outside", "start.answers_for"] {
        head(out, key, true, context);
    }
    let people = !workspace.people.is_empty();
    if people {
        head(out, "start.thin", true, context);
    }
    let today = site.assessment.as_of.map(|time| time.date_naive());
    let staffing = staffing::staffing(workspace, today);
    if observed {
        for severity in severities {
            let key = match severity {
                Severity::Low => "start.findings.low",
                Severity::Medium => "start.findings.medium",
                Severity::High => "start.findings.high",
                Severity::Critical => "start.findings.critical",
            };
            head(out, key, true, context);
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
            let said = match (own, known) {
                (false, _) => "–".to_owned(),
                (_, true) => thin.to_string(),
                (_, false) => texts.t("start.not_declared").to_owned(),
            };
            out.push_str("<td class=\"end\">");
            escape(out, &said);
            out.push_str("</td>");
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
        out.push_str("<figcaption class=\"source\">");
        escape(out, &texts.count("start.orphans", orphans));
        out.push_str("</figcaption>");
    }
    out.push_str("</figure>\n");
}

/// Controls by framework and by team, with coverage.
fn controls(out: &mut String, site: &Site<'_>, context: &Context<'_>) {
    if site.assessment.controls.is_empty() || site.assessment.clusters.is_empty() {
        return;
    }
    // A framework of the workspace's own has no title in here.
    let title = |id: &str| Frameworks::builtin().framework(id).map_or(id, |known| &known.title).to_owned();
    let frameworks = by_framework(site.workspace, site.assessment);
    let rows: Vec<(String, &Tally)> = frameworks.iter().map(|(id, tally)| (title(id), tally)).collect();
    standings(out, ("frameworks", "posture.frameworks_chart", "column.framework"), &rows, context);
    let name = |team: Option<&TeamId>| match team {
        Some(team) => site.workspace.team(team).name.clone(),
        None => context.texts.t("start.no_team").to_owned(),
    };
    let teams = by_team(site.workspace, site.assessment);
    let rows: Vec<(String, &Tally)> = teams.iter().map(|(team, tally)| (name(*team), tally)).collect();
    standings(out, ("control-teams", "posture.teams_chart", "column.team"), &rows, context);
}

/// A chart, and the same numbers as a table; its id, the key of its caption and that of its first column.
fn standings(
    out: &mut String,
    (id, caption, first): (&str, &str, &str),
    rows: &[(String, &Tally)],
    context: &Context<'_>,
) {
    let texts = context.texts;
    let caption = texts.t(caption);
    let standing = |standing: Standing| texts.t(words::standing(standing).1).to_owned();
    let note = |tally: &Tally| match tally.needed {
        0 => texts.t("posture.no_checks").to_owned(),
        needed => {
            let numbers = [tally.observed, needed].map(|number| number.to_string());
            texts.fill("posture.decided", &[("observed", &numbers[0]), ("needed", &numbers[1])])
        }
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
        context,
    );
    table(out, id, false, caption);
    head(out, first, false, context);
    for kind in Standing::ALL {
        head(out, words::standing(kind).1, true, context);
    }
    head(out, "start.coverage", true, context);
    out.push_str("</tr></thead><tbody>");
    for (label, tally) in rows {
        out.push_str("<tr><th scope=\"row\">");
        escape(out, label);
        out.push_str("</th>");
        for kind in Standing::ALL {
            let _ = write!(out, "<td class=\"end\">{}</td>", tally.count(kind));
        }
        out.push_str("<td class=\"end\">");
        escape(out, &of(texts, tally.observed, tally.needed));
        out.push_str("</td></tr>\n");
    }
    out.push_str("</tbody></table></div></figure>\n");
}
