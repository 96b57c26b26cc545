//! What Pods and containers may do: Pod Security by namespace, and what deviates from a hardened container.

use std::collections::BTreeMap;

use super::{
    Ctx, Grid, Head, Place, join, observed,
    table::lines,
    workload::{by_team, named, named_all},
};
use crate::{
    document::tree::{Block, Cell, Inline, Tone},
    facts::{Met, ModeSet, NamespaceSecurity, Property, Violator, WorkloadName, WorkloadSecurity, pod_security::Level},
};

/// Pod Security by namespace: equal namespaces of one team in one row.
pub(super) fn by_namespace(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.pod_security", |cluster| {
        let fact = &cluster.facts.pod_security;
        let heads = [
            Head::name("column.namespaces", 26),
            Head::text("column.team", 14),
            Head::text("pods.column.enforce", 15),
            Head::text("pods.column.audit_warn", 15),
            Head::fit("pods.column.pods_meet"),
            Head::fit("pods.column.templates_meet"),
            Head::text("pods.column.held_back_by", 30),
        ];
        let mut grid = Grid::new(ctx, place, "pod-security-namespaces", "table.pod_security", &heads);
        let mut folded: Vec<(Vec<&str>, &NamespaceSecurity, Vec<&Violator>)> = Vec::new();
        for security in fact.seen() {
            let weakest = security.violators.iter().filter(|it| Some(it.level) == security.weakest()).collect();
            let same = |known: &&mut (Vec<&str>, &NamespaceSecurity, Vec<&Violator>)| {
                known.2.is_empty() && row_of(known.1) == row_of(security)
            };
            match folded.iter_mut().find(same).filter(|_| security.violators.is_empty()) {
                Some(known) => known.0.push(&security.namespace),
                None => folded.push((vec![&security.namespace], security, weakest)),
            }
        }
        for (names, security, weakest) in folded {
            let mut held = named_all(ctx, weakest.iter().map(|it| &it.workload), 4);
            if weakest.iter().any(|it| it.beyond_enforced) {
                held.extend([Inline::Break, ctx.badge(Tone::Bad, "pods.beyond_enforced")]);
            }
            grid.row(vec![
                Cell::new(join(names.into_iter().map(Inline::code), ", ")),
                Cell::new(security.team.iter().map(|team| ctx.team(team)).collect()),
                lines(mode(ctx, &security.enforce)),
                lines(quiet(ctx, security)),
                Cell::new(met(ctx, security.pods)),
                Cell::new(met(ctx, security.templates)),
                Cell::new(held),
            ]);
        }
        grid.landscape();
        observed::table(ctx, cluster, fact, grid)
    })
}

/// What makes two namespaces without violators look the same.
fn row_of(it: &NamespaceSecurity) -> impl PartialEq {
    let levels = (it.pods.level, it.templates.level, it.violators.len());
    (it.team.clone(), it.enforce.clone(), it.audit.clone(), it.warn.clone(), levels)
}

/// The labels of one mode; what an invalid one means.
fn mode(ctx: &Ctx<'_>, set: &ModeSet) -> Vec<Vec<Inline>> {
    let mut out = vec![match (&set.level, &set.version) {
        (None, None) => vec![ctx.text("pods.not_set")],
        (level, version) => {
            let level = level.as_deref().unwrap_or_else(|| ctx.t.t("pods.not_set"));
            let mut text = vec![Inline::code(level)];
            text.extend(version.iter().map(|version| Inline::text(format!(" {version}"))));
            text
        }
    }];
    if !set.invalid.is_empty() {
        out.push(vec![ctx.badge(Tone::Bad, "pods.invalid")]);
        out.push(ctx.t.inlines("pods.invalid_means", &[("means", Inline::text(&*set.means))]));
    }
    out
}

/// Audit and warn in one cell: once when they say the same.
fn quiet(ctx: &Ctx<'_>, security: &NamespaceSecurity) -> Vec<Vec<Inline>> {
    if security.audit == security.warn || (security.audit.level.is_none() && security.warn.level.is_none()) {
        return mode(ctx, &security.audit);
    }
    let mut out = Vec::new();
    for (key, set) in [("pods.audit", &security.audit), ("pods.warn", &security.warn)] {
        let mut text = mode(ctx, set);
        if let Some(first) = text.first_mut() {
            first.insert(0, Inline::text(format!("{} ", ctx.t.t(key))));
        }
        out.extend(text);
    }
    out
}

fn met(ctx: &Ctx<'_>, met: Met) -> Vec<Inline> {
    match met.level {
        None => vec![ctx.text("pods.none")],
        Some(level) => vec![level_badge(level), Inline::text(format!(" ({})", met.count))],
    }
}

fn level_badge(level: Level) -> Inline {
    let tone = match level {
        Level::Privileged => Tone::Bad,
        Level::Baseline => Tone::Neutral,
        Level::Restricted => Tone::Good,
    };
    Inline::Badge { tone, text: level.as_str().to_owned() }
}

/// Every workload that does not meet restricted, with the fields that stop it; equal ones of a namespace in one row.
pub(super) fn violations(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.pod_security", |cluster| {
        let fact = &cluster.facts.pod_security;
        let heads = [
            Head::name("column.workloads", 24),
            Head::fit("pods.column.meets"),
            Head::text("pods.column.baseline_forbids", 36),
            Head::text("pods.column.restricted_forbids", 40),
        ];
        let mut grid = Grid::new(ctx, place, "pod-security-violations", "table.violations", &heads);
        for security in fact.seen().iter().filter(|security| !security.violators.is_empty()) {
            let mut title = vec![Inline::code(&*security.namespace)];
            title.extend(security.team.iter().flat_map(|team| [Inline::text(" "), ctx.team(team)]));
            title.push(Inline::text(format!(" {}", ctx.t.fill("pods.judged_by", &[("version", &security.judged_by)]))));
            grid.group(title);
            let mut folded: Vec<(Vec<&WorkloadName>, &Violator)> = Vec::new();
            for violator in &security.violators {
                match folded.iter_mut().find(|(_, known)| known.fields == violator.fields) {
                    Some((names, _)) => names.push(&violator.workload),
                    None => folded.push((vec![&violator.workload], violator)),
                }
            }
            for (names, violator) in folded {
                let of = |level| {
                    let fields = violator.fields.iter().filter(move |field| field.level == level);
                    fields_of(fields.map(|field| (&*field.path, &*field.problem)))
                };
                grid.row(vec![
                    lines(names.into_iter().map(|name| named(name, &security.namespace))),
                    Cell::new(vec![level_badge(violator.level)]),
                    lines(of(Level::Baseline)),
                    lines(of(Level::Restricted)),
                ]);
            }
        }
        grid.landscape();
        observed::table(ctx, cluster, fact, grid)
    })
}

/// Fields with what is wrong, one line for all of one security context: where it is stands once.
fn fields_of<'f>(fields: impl Iterator<Item = (&'f str, &'f str)>) -> Vec<Vec<Inline>> {
    const CONTEXT: &str = "securityContext";
    let mut out: Vec<(&str, Vec<Inline>)> = Vec::new();
    for (path, problem) in fields {
        let at = path.find(CONTEXT).map_or(0, |at| at + CONTEXT.len());
        let (place, field) = path.split_at(at);
        let field = field.trim_start_matches('.');
        match out.last_mut().filter(|(known, _)| *known == place && !place.is_empty()) {
            Some((_, text)) => {
                text.extend([Inline::text(", "), Inline::code(field), Inline::text(format!(" {problem}"))]);
            }
            None => {
                let mut text = Vec::new();
                if !place.is_empty() && !field.is_empty() {
                    text.extend([Inline::code(place), Inline::text(": ")]);
                }
                let field = if field.is_empty() { path } else { field };
                text.extend([Inline::code(field), Inline::text(format!(" {problem}"))]);
                out.push((place, text));
            }
        }
    }
    out.into_iter().map(|(_, text)| text).collect()
}

/// Key of a property's head.
fn head(property: Property) -> &'static str {
    match property {
        Property::Privileged => "pods.property.privileged",
        Property::Root => "pods.property.root",
        Property::HostNamespaces => "pods.property.host_namespaces",
        Property::HostPorts => "pods.property.host_ports",
        Property::HostPath => "pods.property.host_path",
        Property::Escalation => "pods.property.escalation",
        Property::AddedCapabilities => "pods.property.added",
        Property::KeptCapabilities => "pods.property.kept",
        Property::Seccomp => "pods.property.seccomp",
        Property::WritableRoot => "pods.property.writable_root",
    }
}

/// Workloads that deviate by property, by team; equal ones in one row.
pub(super) fn matrix(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.containers", |cluster| {
        let fact = &cluster.facts.containers;
        let shown: Vec<Property> =
            Property::ALL.into_iter().filter(|property| fact.seen().iter().any(|it| it.has(*property))).collect();
        let mut heads = vec![Head::name("column.workloads", 60)];
        heads.extend(shown.iter().map(|property| Head::fit(head(*property))));
        let mut grid = Grid::new(ctx, place, "container-security", "table.containers", &heads);
        let deviating = fact.seen().iter().filter(|it| !it.deviations.is_empty());
        for (team, members) in by_team(ctx, deviating, |it| &it.workload) {
            grid.group(team);
            let mut folded: BTreeMap<(Vec<bool>, bool), Vec<&WorkloadName>> = BTreeMap::new();
            for member in members {
                let marks = shown.iter().map(|property| !member.has(*property)).collect();
                folded.entry((marks, member.own_users)).or_default().push(&member.workload);
            }
            for ((marks, own_users), names) in folded {
                let mut cell = named_all(ctx, names, 6);
                if own_users {
                    cell.extend([Inline::text(" "), ctx.badge(Tone::Good, "pods.own_users")]);
                }
                let mut cells = vec![Cell::new(cell)];
                cells.extend(marks.into_iter().map(|fine| Cell::text(if fine { "" } else { "●" })));
                grid.row(cells);
            }
        }
        grid.rotate_heads();
        let mut blocks = observed::table(ctx, cluster, fact, grid);
        let fine: Vec<_> = fact.seen().iter().filter(|it| it.deviations.is_empty()).collect();
        let all = fact.seen().len();
        if all > 0 {
            let count = [("n", &*fine.len().to_string()), ("all", &*all.to_string())];
            blocks.push(Block::Paragraph { text: vec![Inline::text(ctx.t.fill("pods.hardened", &count))] });
        }
        blocks
    })
}

/// Every workload with the exact fields; those that deviate in nothing by name.
pub(super) fn fields(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.containers", |cluster| {
        let fact = &cluster.facts.containers;
        let heads = [Head::name("column.workloads", 30), Head::text("pods.column.field", 70)];
        let mut grid = Grid::new(ctx, place, "container-fields", "table.container_fields", &heads);
        for (team, members) in by_team(ctx, fact.seen().iter(), |it| &it.workload) {
            grid.group(team);
            let mut folded: Vec<(Vec<&WorkloadName>, &WorkloadSecurity)> = Vec::new();
            for member in members {
                match folded.iter_mut().find(|(_, known)| known.deviations == member.deviations) {
                    Some((names, _)) => names.push(&member.workload),
                    None => folded.push((vec![&member.workload], member)),
                }
            }
            for (names, member) in folded {
                let mut fields = fields_of(member.deviations.iter().map(|it| (&*it.field, &*it.problem)));
                if fields.is_empty() {
                    fields.push(vec![ctx.badge(Tone::Good, "pods.nothing")]);
                }
                let mut cell = Vec::new();
                for name in names {
                    cell.extend((!cell.is_empty()).then(|| Inline::text(", ")));
                    cell.extend(named(name, ""));
                }
                grid.row(vec![Cell::new(cell), lines(fields)]);
            }
        }
        grid.landscape();
        observed::table(ctx, cluster, fact, grid)
    })
}
