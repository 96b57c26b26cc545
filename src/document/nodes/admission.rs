//! Policy engines: what is enforced, what only audited, what no webhook covers, and what reports say.

use super::{Ctx, Grid, Head, Place, observed, table::lines};
use crate::{
    assess::ClusterEvidence,
    document::tree::{Block, Cell, Inline, Tone},
    facts::{BackendState, Mode, Policy},
};

/// Policies, webhooks, reports.
pub(super) fn admission(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.admission", |cluster| {
        let mut blocks = policies(ctx, place, cluster);
        blocks.extend(webhooks(ctx, place, cluster));
        blocks.extend(reports(ctx, place, cluster));
        blocks
    })
}

fn name(namespace: &str, name: &str) -> Inline {
    Inline::code(if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") })
}

fn policies(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &ClusterEvidence) -> Vec<Block> {
    let fact = &cluster.facts.admission;
    let heads = [
        Head::name("column.policy", 22),
        Head::text("column.effect", 14),
        Head::text("column.enforced_in", 16),
        Head::text("column.audited_in", 16),
        Head::text("column.left_out", 32),
    ];
    let mut grid = Grid::new(ctx, place, "admission-policies", "table.admission_policies", &heads);
    let list = |names: &[String]| Cell::new(observed::names(ctx, names.iter().map(String::as_str), 24));
    for group in fact.seen().policies.chunk_by(|a, b| a.engine == b.engine) {
        grid.group(vec![Inline::text(&*group[0].engine)]);
        for policy in group {
            grid.row(vec![
                Cell::new(vec![name(&policy.namespace, &policy.name)]),
                effect(ctx, policy),
                list(&policy.enforced),
                list(&policy.audited),
                list(&policy.left_out),
            ]);
        }
    }
    for exempted in &fact.seen().exempted {
        let mut text = vec![ctx.text("admission.exempted"), Inline::text(" ")];
        text.push(name(&exempted.namespace, &exempted.name));
        text.push(Inline::text(format!(" ({})", exempted.policies.join("; "))));
        grid.note(text);
    }
    observed::table(ctx, cluster, fact, grid)
}

fn effect(ctx: &Ctx<'_>, policy: &Policy) -> Cell {
    let (tone, key) = match policy.mode {
        Mode::Enforce => (Tone::Good, "admission.enforce"),
        Mode::Mixed => (Tone::Caution, "admission.mixed"),
        Mode::Audit => (Tone::Caution, "admission.audit"),
        Mode::Unbound => (Tone::Bad, "admission.unbound"),
        Mode::Changes => (Tone::Neutral, "admission.changes"),
    };
    let mut rows = vec![vec![ctx.badge(tone, key)]];
    if let Some(total) = policy.violations {
        rows.push(vec![Inline::text(
            ctx.t.count("admission.violations", usize::try_from(total).unwrap_or(usize::MAX)),
        )]);
        rows.push(observed::names(ctx, policy.violating.iter().map(String::as_str), 20));
    }
    lines(rows)
}

fn webhooks(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &ClusterEvidence) -> Vec<Block> {
    let fact = &cluster.facts.admission;
    let heads = [
        Head::name("column.webhook", 28),
        Head::text("column.asked_about", 24),
        Head::text("column.when_silent", 22),
        Head::text("column.left_out", 26),
    ];
    let mut grid = Grid::new(ctx, place, "webhooks", "table.webhooks", &heads);
    for webhook in &fact.seen().webhooks {
        let kind = ctx.t.t(if webhook.kind == "validating" { "admission.validating" } else { "admission.mutating" });
        let engine = webhook.engine.as_deref().map(|engine| format!(", {engine}")).unwrap_or_default();
        let fails = match &*webhook.failure_policy {
            "Ignore" => ctx.badge(if webhook.engine.is_some() { Tone::Bad } else { Tone::Caution }, "admission.passes"),
            _ => ctx.badge(Tone::Good, "admission.refused"),
        };
        let timeout = Inline::text(ctx.t.fill("admission.timeout", &[("seconds", &webhook.timeout.to_string())]));
        let mut silent = vec![vec![fails], vec![timeout]];
        match webhook.service.as_ref().map(|service| (service, service.state)) {
            None => silent.push(vec![ctx.text("admission.outside")]),
            Some((service, state)) if state.dangles() || state == BackendState::NotReady => {
                let target = Inline::code(format!("{}/{}", service.namespace, service.name));
                silent.push(vec![ctx.badge(Tone::Bad, "admission.nobody"), Inline::text(" "), target]);
            }
            Some(_) => {}
        }
        let mut left_out = vec![observed::names(ctx, webhook.left_out.iter().map(String::as_str), 24)];
        if !webhook.objects.is_empty() {
            left_out.push(vec![ctx.text("admission.only"), Inline::text(" "), Inline::code(&*webhook.objects)]);
        }
        if !webhook.conditions.is_empty() {
            let mut text = vec![ctx.text("admission.conditions"), Inline::text(" ")];
            text.extend(observed::names(ctx, webhook.conditions.iter().map(String::as_str), 8));
            left_out.push(text);
        }
        grid.row(vec![
            lines([vec![Inline::code(&*webhook.configuration)], vec![Inline::text(format!("{kind}{engine}"))]]),
            Cell::new(observed::names(ctx, webhook.resources.iter().map(String::as_str), 8)),
            lines(silent),
            lines(left_out.into_iter().filter(|line| !line.is_empty())),
        ]);
    }
    observed::follows(ctx, cluster, fact, grid)
}

fn reports(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &ClusterEvidence) -> Vec<Block> {
    let fact = &cluster.facts.policy_reports;
    let heads = [
        Head::name("column.namespace", 22),
        Head::number("column.pass"),
        Head::number("column.fail"),
        Head::number("column.warn"),
        Head::number("column.error"),
        Head::number("column.skip"),
        Head::text("column.failing", 44),
        Head::fit("column.newest"),
    ];
    let mut grid = Grid::new(ctx, place, "policy-reports", "table.policy_reports", &heads);
    for sum in fact.seen() {
        let namespace = match (&sum.benchmark, &*sum.namespace) {
            (Some(benchmark), _) => Inline::text(&**benchmark),
            (None, "") => ctx.text("admission.cluster"),
            (None, namespace) => Inline::code(namespace),
        };
        let newest = sum.newest.map(|time| crate::document::words::date(time.date_naive()));
        grid.row(vec![
            Cell::new(vec![namespace]),
            Cell::text(sum.pass.to_string()),
            Cell::text(sum.fail.to_string()),
            Cell::text(sum.warn.to_string()),
            Cell::text(sum.error.to_string()),
            Cell::text(sum.skip.to_string()),
            Cell::new(observed::names(ctx, sum.failing.iter().map(String::as_str), 12)),
            Cell::text(newest.unwrap_or_else(|| ctx.t.t("word.unknown").to_owned())),
        ]);
    }
    observed::table(ctx, cluster, fact, grid)
}
