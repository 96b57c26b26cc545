//! Results of other tools: where they are from, where they contradict our checks, what only they looked at, rule by rule.

use std::collections::BTreeMap;

use super::{Ctx, Grid, Head, Place, evidence, join, table::lines};
use crate::{
    assess::{BesideFile, BesideRule, Disagreement, Outcome},
    document::{
        parse,
        tree::{Block, Cell, Inline, Target, Tone},
        words,
    },
    results::{When, mapping::Relation},
    sort::Sort,
    workspace::ControlId,
};

/// Rules named in one sentence.
const MOST: usize = 60;

/// Rules named of one control in the security plan.
const FEW: usize = 6;

/// Names in a cell, each in a line.
const LINES: usize = 8;

/// The files: tool, cluster, time, sums; then their digests.
pub(super) fn files(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.tool", 20),
        Head::text("column.cluster", 16),
        Head::text("column.looked", 20),
        Head::text("column.rules_said", 24),
        Head::text("column.not_counted", 20),
    ];
    let mut grid = Grid::new(ctx, place, "other-tools-files", "table.other_files", &heads);
    for file in &ctx.assessment.beside.files {
        let mut tool = vec![vec![Inline::text(tool(file))]];
        tool.extend(file.against.iter().map(|against| vec![Inline::text(&**against)]));
        let cluster = match &file.cluster {
            Some(cluster) => vec![Inline::code(&**cluster)],
            None => vec![ctx.text("other.no_cluster")],
        };
        let unmapped = (file.unmapped > 0).then(|| vec![Inline::text(ctx.t.count("other.unmapped", file.unmapped))]);
        let left_out = file.left_out.iter().map(|(what, count)| {
            let values = [("what", what.as_str()), ("n", &*count.to_string())];
            vec![Inline::text(ctx.t.fill("other.left_out", &values))]
        });
        grid.row(vec![
            lines(tool),
            Cell::new(cluster),
            lines(looked(ctx, file)),
            Cell::text(counts(ctx, &file.counts)),
            lines(unmapped.into_iter().chain(left_out)),
        ]);
    }
    grid.landscape();
    let heads = [Head::name("column.file", 38), Head::text("column.digest", 62)];
    let mut digests = Grid::new(ctx, place, "other-tools-digests", "table.other_digests", &heads);
    for file in &ctx.assessment.beside.files {
        let row = |key, name: &str, digest: &str| {
            let name = vec![ctx.text(key), Inline::text(" "), Inline::code(name)];
            vec![Cell::new(name), Cell::new(vec![Inline::code(digest)])]
        };
        digests.row(row("other.supplied", &file.original, &file.original_digest));
        digests.row(row("other.kept", &file.file, &file.digest));
    }
    Ok(vec![grid.block(), digests.block()])
}

/// When a tool looked: a time that the file says, or a day that somebody says; and whether that is too long ago.
fn looked(ctx: &Ctx<'_>, file: &BesideFile) -> Vec<Vec<Inline>> {
    let mut out = vec![vec![Inline::text(when(file.observed))]];
    if matches!(file.observed, When::Day(_)) {
        out.push(vec![ctx.text("other.day_said")]);
    }
    if file.stale {
        out.push(vec![ctx.badge(Tone::Caution, "outcome.stale")]);
    }
    out
}

fn when(when: When) -> String {
    match when {
        When::Time(time) => words::time(time),
        When::Day(day) => words::date(day),
    }
}

fn tool(file: &BesideFile) -> String {
    match &file.tool_version {
        Some(version) => format!("{} {version}", file.tool),
        None => file.tool.clone(),
    }
}

/// `3 fail, 41 pass`.
fn counts(ctx: &Ctx<'_>, counts: &BTreeMap<Outcome, usize>) -> String {
    let of = |(outcome, count): (&Outcome, &usize)| format!("{count} {}", ctx.t.t(words::outcome(*outcome).1));
    let all: Vec<String> = counts.iter().map(of).collect();
    if all.is_empty() { ctx.t.t("other.nothing_listed").to_owned() } else { all.join(", ") }
}

/// Where a rule and a check of ours cannot both be right.
pub(super) fn disagreements(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.our_check", 24),
        Head::text("column.we_say", 26),
        Head::text("column.their_rule", 24),
        Head::text("column.they_say", 26),
    ];
    let mut grid = Grid::new(ctx, place, "other-tools-disagreements", "table.other_disagreements", &heads);
    for it in &ctx.assessment.beside.disagreements {
        grid.row(vec![ours(ctx, it), we_say(ctx, it), theirs(ctx, it), they_say(ctx, it)]);
    }
    grid.landscape();
    grid.blocks()
}

fn ours(ctx: &Ctx<'_>, it: &Disagreement) -> Cell {
    let mut text = vec![vec![Inline::text(ctx.check_title(&it.check))], vec![Inline::code(it.check.as_str())]];
    let relation = match it.relation {
        Relation::Same => "other.same",
        Relation::PartOf => "other.part_of",
        Relation::Contains => "other.contains",
    };
    text.push(vec![ctx.text(relation)]);
    lines(text)
}

fn we_say(ctx: &Ctx<'_>, it: &Disagreement) -> Cell {
    let time = format!(" {}, ", words::time(it.observed));
    let mut text = vec![
        vec![ctx.outcome(it.ours), Inline::text(time), Inline::code(&*it.cluster)],
        vec![Inline::text(&*it.reason)],
    ];
    let paths = it.evidence.iter().take(LINES).map(|path| {
        let anchor = parse::slug(&evidence::list_anchor(&it.cluster, path));
        vec![Inline::Link { target: Target::Anchor(anchor), text: vec![Inline::code(&**path)] }]
    });
    text.extend(paths);
    text.extend(more(ctx, it.evidence.len().saturating_sub(LINES)));
    lines(text)
}

fn theirs(ctx: &Ctx<'_>, it: &Disagreement) -> Cell {
    let mut text = vec![vec![Inline::text(format!("{}: ", it.tool)), Inline::code(&*it.rule)]];
    text.extend(it.title.as_deref().map(|title| vec![ctx.text("other.says_title"), Inline::text(format!(" {title}"))]));
    lines(text)
}

fn they_say(ctx: &Ctx<'_>, it: &Disagreement) -> Cell {
    let mut text = vec![vec![ctx.outcome(it.theirs), Inline::text(format!(" {}", when(it.their_observed)))]];
    text.extend(it.objects.iter().map(|object| vec![Inline::code(&**object)]));
    if !it.objects.is_empty() {
        text.extend(more(ctx, it.count.saturating_sub(it.objects.len())));
    }
    text.push(vec![ctx.text("other.kept"), Inline::text(" "), Inline::code(&*it.file)]);
    lines(text)
}

fn more(ctx: &Ctx<'_>, count: usize) -> Option<Vec<Inline>> {
    (count > 0).then(|| vec![Inline::text(ctx.t.count("word.more", count))])
}

/// Failing rules that no check of ours answers.
pub(super) fn open(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.their_rule", 32),
        Head::fit("column.severity"),
        Head::number("column.failures"),
        Head::text("column.controls_stand", 34),
        Head::text("column.looked", 22),
    ];
    let mut grid = Grid::new(ctx, place, "other-tools-open", "table.other_open", &heads);
    for point in &ctx.assessment.beside.open {
        let mut rule = vec![vec![Inline::text(format!("{}: ", point.tool)), Inline::code(&*point.rule)]];
        rule.extend(point.title.as_deref().map(|title| vec![Inline::text(title)]));
        if point.rules > 1 {
            rule.push(vec![Inline::text(ctx.t.count("other.rules", point.rules))]);
        }
        let severity = point.severity.map(|severity| {
            let text = ctx.t.t(words::severity(severity)).to_owned();
            vec![Inline::Badge { tone: words::severity_tone(severity), text }]
        });
        let stand = point.controls.iter().map(|control| {
            let mut text = self::control(ctx, control);
            match ctx.posture(control) {
                Some(posture) => {
                    let (tone, key) = words::standing(posture.standing);
                    text.extend([Inline::text(" "), ctx.badge(tone, key)]);
                }
                None => text.push(ctx.text("other.nothing_said")),
            }
            text
        });
        grid.row(vec![
            lines(rule),
            Cell::new(severity.unwrap_or_default()),
            Cell::text(point.count.to_string()),
            lines(stand),
            lines([vec![Inline::text(when(point.observed))], vec![Inline::code(&*point.file)]]),
        ]);
    }
    grid.landscape();
    grid.blocks()
}

/// A control, linked where the audit pack has a section of it.
fn control(ctx: &Ctx<'_>, id: &ControlId) -> Vec<Inline> {
    match ctx.posture(id) {
        Some(_) => ctx.controls(std::slice::from_ref(id)),
        None => vec![Inline::text(ctx.label(id))],
    }
}

/// Every rule, a table a file.
pub(super) fn rules(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    for file in &ctx.assessment.beside.files {
        let heads = [
            Head::name("column.their_rule", 36),
            Head::fit("column.outcome"),
            Head::text("column.how_often", 20),
            Head::text("column.controls", 22),
            Head::text("column.our_check", 22),
        ];
        let mut grid = Grid::new(ctx, place, "other-tools-rules", "table.other_rules", &heads);
        grid.caption_more(&format!("{}, {}, {}", tool(file), when(file.observed), file.original));
        let mut many: BTreeMap<&str, Vec<&BesideRule>> = BTreeMap::new();
        for rule in file.rules.iter().filter(|rule| is_mapped(rule)) {
            match &rule.pattern {
                Some(pattern) => many.entry(pattern).or_default().push(rule),
                None => grid.row(vec![
                    named(rule),
                    Cell::new(vec![ctx.outcome(rule.outcome)]),
                    Cell::text(counts(ctx, &rule.result.counts)),
                    lines(rule.controls.iter().map(|id| control(ctx, id))),
                    lines(rule.checks.keys().map(|check| vec![Inline::code(check.as_str())])),
                ]),
            }
        }
        for (pattern, rules) in many {
            let Some(first) = rules.first() else { continue };
            let (outcome, sums) = together(&rules);
            grid.row(vec![
                lines([vec![Inline::code(pattern)], vec![Inline::text(ctx.t.count("other.rules", rules.len()))]]),
                Cell::new(vec![ctx.outcome(outcome)]),
                Cell::text(counts(ctx, &sums)),
                lines(first.controls.iter().map(|id| control(ctx, id))),
                lines(first.checks.keys().map(|check| vec![Inline::code(check.as_str())])),
            ]);
        }
        let unmapped: Vec<&BesideRule> = file.rules.iter().filter(|rule| !is_mapped(rule)).collect();
        if !unmapped.is_empty() {
            grid.note(not_mapped(ctx, &unmapped, file));
        }
        grid.landscape();
        blocks.push(grid.block());
    }
    Ok(blocks)
}

fn is_mapped(rule: &BesideRule) -> bool {
    !rule.controls.is_empty() || !rule.checks.is_empty()
}

/// The worst outcome of several rules, and how often each occurs.
fn together(rules: &[&BesideRule]) -> (Outcome, BTreeMap<Outcome, usize>) {
    let mut sums = BTreeMap::new();
    for (outcome, count) in rules.iter().flat_map(|rule| &rule.result.counts) {
        *sums.entry(*outcome).or_default() += count;
    }
    let worst = Outcome::roll_up(rules.iter().map(|rule| rule.outcome));
    (worst.unwrap_or(Outcome::NotCollected), sums)
}

fn named(rule: &BesideRule) -> Cell {
    let mut text = vec![vec![Inline::code(rule.result.name())]];
    text.extend(rule.result.title.as_deref().map(|title| vec![Inline::text(title)]));
    lines(text)
}

/// Rules that nobody says the subject of: what fails first.
fn not_mapped(ctx: &Ctx<'_>, rules: &[&BesideRule], file: &BesideFile) -> Vec<Inline> {
    let mut sorted = rules.to_vec();
    sorted.order_by_key(|rule| rule.outcome);
    let one = |rule: &&BesideRule| {
        let outcome = ctx.t.t(words::outcome(rule.outcome).1);
        [Inline::code(rule.result.name()), Inline::text(format!(" ({outcome})"))]
    };
    let mut text = vec![Inline::text(format!("{}: ", ctx.t.count("other.unmapped", rules.len())))];
    for (index, rule) in sorted.iter().take(MOST).enumerate() {
        if index > 0 {
            text.push(Inline::text(", "));
        }
        text.extend(one(rule));
    }
    if rules.len() > MOST {
        text.push(Inline::text(format!(" {} ", ctx.t.count("word.more", rules.len() - MOST))));
        text.push(Inline::code(&*file.file));
    }
    text
}

/// What other tools say of one control: the rules about it, and in a sentence those that crosswalks lead to.
pub(super) fn of_control(ctx: &Ctx<'_>, place: &mut Place<'_>, id: &ControlId) -> Vec<Block> {
    let beside = &ctx.assessment.beside;
    let mut blocks = Vec::new();
    let heads = [
        Head::name("column.their_rule", 38),
        Head::fit("column.outcome"),
        Head::text("column.how_often", 20),
        Head::text("column.looked", 42),
    ];
    let about: Vec<_> = beside.about(id).collect();
    if !about.is_empty() {
        let anchor = format!("other-tools-{id}");
        let mut grid = Grid::new(ctx, place, &anchor, "table.other_control", &heads);
        grid.caption_more(&ctx.label(id));
        let mut many: BTreeMap<(&str, &str), (&BesideFile, Vec<&BesideRule>)> = BTreeMap::new();
        for (file, rule) in &about {
            if let Some(pattern) = &rule.pattern {
                many.entry((pattern, &file.file)).or_insert_with(|| (file, Vec::new())).1.push(rule);
                continue;
            }
            let mut text = vec![vec![Inline::text(format!("{}: ", file.tool)), Inline::code(rule.result.name())]];
            text.extend(rule.result.title.as_deref().map(|title| vec![Inline::text(title)]));
            grid.row(vec![
                lines(text),
                Cell::new(vec![ctx.outcome(rule.outcome)]),
                Cell::text(counts(ctx, &rule.result.counts)),
                lines(from(ctx, file)),
            ]);
        }
        for ((pattern, _), (file, rules)) in many {
            let (outcome, sums) = together(&rules);
            let name = vec![Inline::text(format!("{}: ", file.tool)), Inline::code(pattern)];
            grid.row(vec![
                lines([name, vec![Inline::text(ctx.t.count("other.rules", rules.len()))]]),
                Cell::new(vec![ctx.outcome(outcome)]),
                Cell::text(counts(ctx, &sums)),
                lines(from(ctx, file)),
            ]);
        }
        blocks.push(grid.block());
    }
    blocks.extend(through(ctx, id));
    blocks
}

/// When a tool looked, and where what it said is kept.
fn from(ctx: &Ctx<'_>, file: &BesideFile) -> Vec<Vec<Inline>> {
    let mut text = looked(ctx, file);
    text.push(vec![Inline::code(&*file.file)]);
    text
}

/// Rules about controls of other frameworks that ask for something of this one: a sentence a tool.
fn through(ctx: &Ctx<'_>, id: &ControlId) -> Option<Block> {
    let mut by_file: BTreeMap<&str, (&BesideFile, Vec<&BesideRule>)> = BTreeMap::new();
    for (file, rule) in ctx.assessment.beside.through(id) {
        by_file.entry(&file.file).or_insert_with(|| (file, Vec::new())).1.push(rule);
    }
    let mut tools = Vec::new();
    for (file, rules) in by_file.into_values() {
        let mut sums: BTreeMap<Outcome, usize> = BTreeMap::new();
        for rule in &rules {
            *sums.entry(rule.outcome).or_default() += 1;
        }
        let said = counts(ctx, &sums);
        let values = [("tool", file.tool.as_str()), ("date", &*when(file.observed)), ("counts", &*said)];
        let mut text = vec![Inline::text(ctx.t.fill("other.by_tool", &values))];
        if file.stale {
            text.extend([Inline::text(" "), ctx.badge(Tone::Caution, "outcome.stale")]);
        }
        let all = rules.iter().filter(|rule| rule.outcome == Outcome::Fail);
        let failing = join(all.clone().take(LINES).map(|rule| Inline::code(rule.result.name())), ", ");
        if !failing.is_empty() {
            text.extend([Inline::text(" "), ctx.text("other.failing"), Inline::text(" ")]);
            text.extend(failing);
            let more = all.count().saturating_sub(LINES);
            text.extend((more > 0).then(|| Inline::text(format!(" {}", ctx.t.count("word.more", more)))));
        }
        tools.push(text);
    }
    (!tools.is_empty()).then(|| {
        let said = lines(tools).blocks;
        Block::Terms { items: vec![(vec![ctx.text("other.through")], said)] }
    })
}

/// What other tools say of one control, in a line of the plan.
pub(super) fn in_plan(ctx: &Ctx<'_>, id: &ControlId) -> Vec<Inline> {
    let all: Vec<_> = ctx.assessment.beside.about(id).filter(|(_, rule)| rule.pattern.is_none()).collect();
    let mut text = Vec::new();
    for (index, (file, rule)) in all.iter().take(FEW).enumerate() {
        if index > 0 {
            text.push(Inline::text("; "));
        }
        text.push(Inline::text(format!("{} ", file.tool)));
        text.push(Inline::code(rule.result.name()));
        text.extend([Inline::text(" "), ctx.outcome(rule.outcome), Inline::text(format!(" {}", when(file.observed)))]);
    }
    if all.len() > FEW {
        text.push(Inline::text(format!(" {}", ctx.t.count("word.more", all.len() - FEW))));
    }
    text
}
