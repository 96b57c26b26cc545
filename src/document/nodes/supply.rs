//! How workloads are supplied and kept running: secrets, limits and quotas, availability.

use super::{
    Ctx, Grid, Head, Place, join, observed,
    table::lines,
    workload::{by_team, named, named_all},
};
use crate::{
    assess::ClusterEvidence,
    document::{
        chart::{self, Bar, Chart},
        tree::{Block, Cell, Diagram, Inline, Tone},
        words,
    },
    facts::{Availability, NamespaceLimits, SecretUse, SinglePoint, WorkloadName},
    sort::Sort,
};

/// Which workloads use which Secrets, by team; and what looks like a secret in a plain variable.
pub(super) fn secrets(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.secret_use", |cluster| {
        let fact = &cluster.facts.secret_use;
        let heads = [
            Head::name("column.workload", 24),
            Head::text("supply.column.variables", 34),
            Head::text("supply.column.files", 22),
            Head::text("supply.column.plain", 24),
        ];
        let mut grid = Grid::new(ctx, place, "secret-use", "table.secret_use", &heads);
        for (team, members) in by_team(ctx, fact.seen().iter(), |it| &it.workload) {
            grid.group(team);
            let mut folded: Vec<(Vec<&WorkloadName>, &SecretUse)> = Vec::new();
            for member in members {
                match folded.iter_mut().find(|(_, known)| known.uses == member.uses) {
                    Some((names, _)) => names.push(&member.workload),
                    None => folded.push((vec![&member.workload], member)),
                }
            }
            for (names, SecretUse { uses, .. }) in folded {
                let text = |list: &[String]| list.iter().map(|it| vec![Inline::text(&**it)]).collect::<Vec<_>>();
                let mut variables = text(&uses.variables);
                variables.extend(
                    uses.environments
                        .iter()
                        .map(|it| ctx.t.inlines("supply.all_keys", &[("secret", Inline::text(&**it))])),
                );
                let mut plain = text(&uses.plain);
                if !plain.is_empty() {
                    plain.insert(0, vec![ctx.badge(Tone::Caution, "supply.looks_secret")]);
                }
                grid.row(vec![
                    lines(names.into_iter().map(|name| named(name, ""))),
                    lines(variables),
                    lines(text(&uses.volumes)),
                    lines(plain),
                ]);
            }
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

/// External secret stores, what is synchronised from them, and how many Secrets in use come from one, by namespace.
pub(super) fn stores(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.secret_stores", |cluster| {
        let fact = &cluster.facts.secret_stores;
        let heads = [
            Head::name("supply.column.source", 34),
            Head::text("supply.column.provider", 24),
            Head::text("supply.column.makes", 18),
            Head::text("supply.column.status", 24),
        ];
        let mut grid = Grid::new(ctx, place, "secret-stores", "table.secret_stores", &heads);
        let name = |kind: &str, namespace: &str, name: &str| {
            let path = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
            Cell::new(vec![Inline::text(format!("{kind} ")), Inline::code(path)])
        };
        for store in &fact.seen().stores {
            grid.row(vec![
                name(&store.kind, &store.namespace, &store.name),
                Cell::text(&*store.provider),
                Cell::text(""),
                lines([ready(ctx, store.ready)]),
            ]);
        }
        for synced in &fact.seen().synced {
            let mut status = vec![ready(ctx, synced.ready)];
            if !synced.reason.is_empty() {
                status.push(vec![Inline::text(&*synced.reason)]);
            }
            status.extend(synced.refreshed.map(|time| vec![Inline::text(words::time(time))]));
            grid.row(vec![
                name(&synced.kind, &synced.namespace, &synced.name),
                Cell::text(synced.store.as_deref().unwrap_or_default()),
                Cell::new(vec![Inline::code(&*synced.target)]),
                lines(status),
            ]);
        }
        let mut blocks = observed::table(ctx, cluster, fact, grid);
        let heads = [
            Head::name("column.namespace", 20),
            Head::text("column.teams", 20),
            Head::text("supply.column.external", 30),
            Head::text("supply.column.other", 30),
        ];
        let mut grid = Grid::new(ctx, place, "secret-coverage", "table.secret_coverage", &heads);
        let codes = |list: &[String]| Cell::new(join(list.iter().map(|it| Inline::code(&**it)), ", "));
        for coverage in &fact.seen().coverage {
            grid.row(vec![
                Cell::new(vec![Inline::code(&*coverage.namespace)]),
                Cell::new(ctx.teams(&coverage.teams)),
                codes(&coverage.external),
                codes(&coverage.other),
            ]);
        }
        blocks.extend(observed::table(ctx, cluster, fact, grid));
        blocks
    })
}

fn ready(ctx: &Ctx<'_>, ready: Option<bool>) -> Vec<Inline> {
    vec![match ready {
        Some(true) => ctx.badge(Tone::Good, "supply.ready"),
        Some(false) => ctx.badge(Tone::Bad, "supply.not_ready"),
        None => ctx.badge(Tone::Unknown, "word.unknown"),
    }]
}

/// Quotas with what is used of them; namespaces in use that nothing bounds are named.
pub(super) fn quotas(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.limits", |cluster| {
        let fact = &cluster.facts.limits;
        let heads = [
            Head::name("column.namespaces", 30),
            Head::text("column.team", 18),
            Head::text("supply.column.quota", 34),
            Head::text("supply.column.limit_range", 18),
        ];
        let mut grid = Grid::new(ctx, place, "quotas", "table.quotas", &heads);
        let mut folded: Vec<(Vec<&str>, &NamespaceLimits)> = Vec::new();
        for namespace in fact.seen().namespaces.iter().filter(|namespace| namespace.in_use) {
            let same = |known: &NamespaceLimits| {
                known.team == namespace.team
                    && known.limit_ranges == namespace.limit_ranges
                    && known.quotas.is_empty()
                    && namespace.quotas.is_empty()
            };
            match folded.iter_mut().find(|(_, known)| same(known)) {
                Some((names, _)) => names.push(&namespace.namespace),
                None => folded.push((vec![&namespace.namespace], namespace)),
            }
        }
        for (names, namespace) in folded {
            let mut usage = Vec::new();
            for used in namespace.quotas.iter().flat_map(|quota| &quota.usage) {
                let share = used.percent.map_or_else(String::new, |percent| format!(" ({percent} %)"));
                let amount = format!(" {} / {}{share}", used.used.as_deref().unwrap_or("?"), used.hard);
                usage.push(vec![Inline::code(&*used.resource), Inline::text(amount)]);
            }
            if namespace.quotas.is_empty() {
                usage.push(vec![ctx.badge(Tone::Caution, "supply.no_quota")]);
            }
            let ranges = match &namespace.limit_ranges[..] {
                [] => vec![ctx.badge(Tone::Caution, "supply.no_limit_range")],
                ranges => join(ranges.iter().map(|name| Inline::code(&**name)), ", "),
            };
            grid.row(vec![
                Cell::new(join(names.into_iter().map(Inline::code), ", ")),
                Cell::new(namespace.team.iter().map(|team| ctx.team(team)).collect()),
                lines(usage),
                Cell::new(ranges),
            ]);
        }
        let mut blocks: Vec<Block> = quota_chart(ctx, place, cluster).into_iter().collect();
        blocks.extend(observed::table(ctx, cluster, fact, grid));
        blocks
    })
}

/// Bars that a chart of quotas has at most.
const BARS: usize = 12;

/// The fullest quotas as bars of used and free, in percent.
fn quota_chart(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &ClusterEvidence) -> Option<Block> {
    let namespaces = cluster.facts.limits.seen().namespaces.iter();
    let mut bars: Vec<(u32, String, &str, &str)> = namespaces
        .flat_map(|it| it.quotas.iter().flat_map(|quota| &quota.usage).map(move |usage| (&it.namespace, usage)))
        .filter_map(|(namespace, usage)| {
            let label = format!("{namespace} {}", usage.resource);
            Some((usage.percent?, label, usage.used.as_deref().unwrap_or("?"), usage.hard.as_str()))
        })
        .collect();
    bars.order_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    bars.truncate(BARS);
    if bars.len() < 2 {
        return None;
    }
    let rows = bars.iter().map(|(percent, label, used, hard)| Bar {
        label: label.clone(),
        parts: vec![u64::from(*percent), u64::from(100_u32.saturating_sub(*percent))],
        note: ctx.t.fill("supply.quota_of", &[("percent", &percent.to_string()), ("used", used), ("hard", hard)]),
    });
    let caption = ctx.t.fill("supply.quota_chart", &[("cluster", &cluster.header.cluster.id)]);
    let told = bars.iter().map(|(percent, label, used, hard)| format!("{label}: {used} / {hard} ({percent} %)"));
    let kinds = ["supply.quota_used", "supply.quota_free"].map(|key| ctx.t.t(key).to_owned()).to_vec();
    Some(Block::Diagram(Diagram {
        id: place.anchors.claim("quota-chart"),
        alt: format!("{caption}. {}.", told.collect::<Vec<_>>().join("; ")),
        scene: chart::draw(&Chart { kinds, light: true, rows: rows.collect() }),
        caption,
        landscape: false,
    }))
}

/// Workloads whose containers lack requests or limits; equal ones of a team in one row.
pub(super) fn unlimited(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.limits", |cluster| {
        let fact = &cluster.facts.limits;
        let heads = [Head::name("column.workloads", 50), Head::text("supply.column.lacks", 50)];
        let mut grid = Grid::new(ctx, place, "unlimited", "table.unlimited", &heads);
        for (team, members) in by_team(ctx, fact.seen().workloads.iter(), |it| &it.workload) {
            grid.group(team);
            let mut folded: Vec<(Vec<&WorkloadName>, &[String])> = Vec::new();
            for member in members {
                match folded.iter_mut().find(|(_, known)| *known == member.missing) {
                    Some((names, _)) => names.push(&member.workload),
                    None => folded.push((vec![&member.workload], &member.missing)),
                }
            }
            for (names, missing) in folded {
                grid.row(vec![
                    lines(names.into_iter().map(|name| named(name, ""))),
                    lines(missing.iter().map(|text| vec![Inline::text(&**text)])),
                ]);
            }
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

/// Workloads that are meant to stay up, by team, with what guards them.
pub(super) fn availability(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.availability", |cluster| {
        let fact = &cluster.facts.availability;
        let heads = [
            Head::name("column.workloads", 38),
            Head::text("supply.column.ready", 16),
            Head::text("supply.column.spread", 14),
            Head::text("supply.column.budget", 14),
            Head::text("supply.column.probes", 20),
            Head::fit("supply.column.single"),
        ];
        let mut grid = Grid::new(ctx, place, "availability", "table.availability", &heads);
        for (team, members) in by_team(ctx, fact.seen().iter(), |it| &it.workload) {
            grid.group(team);
            let mut folded: Vec<(Vec<&WorkloadName>, Vec<Cell>)> = Vec::new();
            for member in members {
                let cells = row(ctx, member);
                match folded.iter_mut().find(|(_, known)| *known == cells) {
                    Some((names, _)) => names.push(&member.workload),
                    None => folded.push((vec![&member.workload], cells)),
                }
            }
            for (names, cells) in folded {
                let names = match names[..] {
                    [one] => named(one, ""),
                    _ => named_all(ctx, names, usize::MAX),
                };
                grid.row(std::iter::once(Cell::new(names)).chain(cells).collect());
            }
        }
        let single = fact.seen().iter().filter(|it| it.single.is_some()).count();
        if single > 0 {
            let (n, all) = (single.to_string(), fact.seen().len().to_string());
            grid.note(vec![Inline::text(ctx.t.fill("supply.single_points", &[("n", &n), ("all", &all)]))]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

/// All but the name.
fn row(ctx: &Ctx<'_>, it: &Availability) -> Vec<Cell> {
    let ready = it.wanted.map_or_else(|| it.ready.to_string(), |wanted| format!("{} / {wanted}", it.ready));
    let mut replicas = vec![vec![Inline::text(ready)]];
    replicas
        .extend(it.autoscaler.iter().map(|range| ctx.t.inlines("supply.scaled", &[("range", Inline::text(&**range))])));
    let mut place = ctx.t.count("supply.nodes", it.nodes.len());
    if !it.zones.is_empty() {
        place = format!("{place}, {}", ctx.t.count("supply.zones", it.zones.len()));
    }
    replicas.push(vec![Inline::text(place)]);
    let mut budgets = Vec::new();
    for budget in &it.budgets {
        budgets.push(vec![Inline::code(&*budget.name)]);
        if budget.allowed == Some(0) {
            budgets.push(vec![ctx.badge(Tone::Caution, "supply.blocks_drain")]);
        }
    }
    if budgets.is_empty() {
        budgets.push(vec![ctx.text("supply.no_budget")]);
    }
    let mut probes = Vec::new();
    for (key, containers) in [("supply.no_readiness", &it.unready), ("supply.no_liveness", &it.unwatched)] {
        if !containers.is_empty() {
            probes.push(ctx.t.inlines(key, &[("containers", Inline::text(containers.join(", ")))]));
        }
    }
    let single = it.single.map(|single| {
        ctx.badge(
            Tone::Caution,
            match single {
                SinglePoint::Bare => "supply.single.bare",
                SinglePoint::Replica => "supply.single.replica",
                SinglePoint::Node => "supply.single.node",
                SinglePoint::Zone => "supply.single.zone",
            },
        )
    });
    vec![
        lines(replicas),
        lines(it.spread.iter().map(|key| vec![Inline::code(&**key)])),
        lines(budgets),
        lines(probes),
        Cell::new(single.into_iter().collect()),
    ]
}

/// Policies that verify image signatures, and the namespaces in which images run that none of them covers.
pub(super) fn signatures(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.signatures", |cluster| {
        let fact = &cluster.facts.signatures;
        let heads = [
            Head::name("column.policy", 28),
            Head::fit("column.effect"),
            Head::text("column.images", 24),
            Head::text("supply.column.covered", 24),
            Head::text("column.left_out", 24),
        ];
        let mut grid = Grid::new(ctx, place, "signature-policies", "table.signature_policies", &heads);
        let list = |names: &[String]| observed::names(ctx, names.iter().map(String::as_str), 24);
        for policy in &fact.seen().policies {
            let (tone, key) = match policy.enforces {
                true => (Tone::Good, "admission.enforce"),
                false => (Tone::Caution, "admission.audit"),
            };
            let name = match &*policy.namespace {
                "" => policy.name.clone(),
                namespace => format!("{namespace}/{}", policy.name),
            };
            let images =
                if policy.images.is_empty() { vec![ctx.text("supply.every_image")] } else { list(&policy.images) };
            let mut covered = vec![list(&policy.covered)];
            if !policy.partly.is_empty() {
                covered
                    .push(ctx.t.inlines("supply.in_part", &[("namespaces", Inline::text(policy.partly.join(", ")))]));
            }
            grid.row(vec![
                lines([vec![Inline::code(name)], vec![Inline::text(format!("{}, {}", policy.engine, policy.kind))]]),
                Cell::new(vec![ctx.badge(tone, key)]),
                Cell::new(images),
                lines(covered.into_iter().filter(|line| !line.is_empty())),
                Cell::new(list(&policy.left_out)),
            ]);
        }
        let mut blocks = observed::table(ctx, cluster, fact, grid);
        let (open, verified): (Vec<_>, Vec<_>) =
            fact.seen().namespaces.iter().partition(|namespace| !namespace.unverified.is_empty());
        for (key, namespaces) in [("supply.signed", verified), ("supply.unsigned", open)] {
            if namespaces.is_empty() {
                continue;
            }
            let mut text = vec![ctx.text(key), Inline::text(" ")];
            for (index, namespace) in namespaces.into_iter().enumerate() {
                let before = if index == 0 { "" } else { ", " };
                text.extend([Inline::text(before), Inline::code(&*namespace.namespace)]);
                if !namespace.unverified.is_empty() {
                    let (open, all) = (namespace.unverified.len().to_string(), namespace.images.to_string());
                    let count = ctx.t.fill("supply.unsigned_count", &[("open", &open), ("all", &all)]);
                    text.push(Inline::text(format!(" ({count})")));
                }
            }
            text.push(Inline::text("."));
            blocks.push(Block::Paragraph { text });
        }
        blocks
    })
}
