//! The control plane: its settings and those of kubelets, its address and
//! certificate, and the encryption at rest that it uses.

use super::{Ctx, Grid, Head, Place, evidence, join, observed, spans, table::lines};
use crate::{
    assess::ClusterEvidence,
    document::{
        tree::{Block, Cell, Inline, Tone},
        words,
    },
    facts::{Origin, PlaneSetting, PlaneSource, PlaneValue, Reach, control_plane::provider},
};

/// Settings by component; those that nobody set and that have no default share one row.
pub(super) fn settings(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.control_plane", |cluster| {
        let fact = &cluster.facts.control_plane;
        let heads =
            [Head::name("column.setting", 40), Head::text("column.value", 44), Head::text("column.set_how", 16)];
        let mut grid = Grid::new(ctx, place, "control-plane", "table.control_plane", &heads);
        for component in &fact.seen().components {
            let mut title = vec![Inline::code(&*component.name), Inline::text(" ")];
            title.extend(match component.source {
                PlaneSource::Running => {
                    let nodes = component.nodes.join(", ");
                    vec![Inline::text(ctx.t.fill("plane.on", &[("nodes", &nodes)]))]
                }
                PlaneSource::Configured => vec![ctx.badge(Tone::Caution, "plane.configured")],
            });
            grid.group(title);
            rows(ctx, &mut grid, &component.settings, "--");
            if component.source == PlaneSource::Configured {
                grid.note(vec![ctx.text("plane.not_told")]);
            }
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

/// What providers say of the control planes that they run, and what has to be asked for yet; declared, not observed.
pub(super) fn provider(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    for cluster in &ctx.ws.clusters {
        let entries = provider::of(ctx.ws, cluster);
        if entries.is_empty() {
            continue;
        }
        let heads = [
            Head::name("column.setting", 24),
            Head::text("column.declared_value", 32),
            Head::text("column.declared_source", 28),
            Head::fit("column.evidence"),
        ];
        let mut grid = Grid::new(ctx, place, "provider-settings", "table.provider_settings", &heads);
        grid.caption_more(&cluster.name);
        let same = |it: &&ClusterEvidence| {
            let header = &it.header.cluster;
            ctx.ws.cluster_of(&header.id, header.uid.as_deref()).is_some_and(|found| found.id == cluster.id)
        };
        let seen = ctx.assessment.clusters.iter().find(same).map(|it| provider::Seen::of(&it.facts));
        let (known, missing): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.declared.is_some());
        for (asked, declared) in known.iter().filter_map(|entry| Some((entry.asked, entry.declared?))) {
            let value = [Some(vec![Inline::code(&*declared.value)]), declared.detail.as_deref().map(spans)];
            let mut source = vec![vec![Inline::text(&*declared.source)]];
            source.extend(declared.location.iter().map(|location| vec![evidence::location(location)]));
            source.push(vec![Inline::text(words::date(declared.date))]);
            let shown = match seen.as_ref().and_then(|seen| seen.contradicts(declared)) {
                Some(how) => lines([vec![ctx.badge(Tone::Bad, "stated.contradicted")], vec![Inline::text(how)]]),
                None => Cell::new(vec![ctx.badge(Tone::Unknown, "stated.declared")]),
            };
            grid.row(vec![Cell::text(&*asked.title), lines(value.into_iter().flatten()), lines(source), shown]);
        }
        if !missing.is_empty() {
            grid.group(vec![ctx.text("stated.asked_for")]);
            for entry in missing {
                let mut cells = vec![Cell::new(vec![
                    Inline::text(&*entry.asked.title),
                    Inline::Break,
                    Inline::code(&*entry.asked.id),
                ])];
                let mut ask = Cell::new(spans(&entry.asked.ask));
                ask.columns = 2;
                cells.extend([ask, Cell::new(vec![ctx.badge(Tone::Caution, "stated.missing")])]);
                grid.spanning(cells);
            }
        }
        blocks.push(grid.block());
    }
    if blocks.is_empty() {
        blocks.push(ctx.paragraph("stated.none"));
    }
    Ok(blocks)
}

/// A row for each setting that says something, and one for all that are not set.
pub(super) fn rows(ctx: &Ctx<'_>, grid: &mut Grid, settings: &[PlaneSetting], dashes: &str) {
    let unset = |setting: &&PlaneSetting| setting.values.iter().all(|value| value.origin == Origin::Unset);
    for setting in settings.iter().filter(|setting| !unset(setting)) {
        let several = setting.values.len() > 1;
        let name =
            vec![Inline::text(&*setting.title), Inline::Break, Inline::code(format!("{dashes}{}", setting.name))];
        grid.row(vec![
            Cell::new(name),
            lines(setting.values.iter().map(|value| shown(ctx, value, several))),
            lines(setting.values.iter().map(|value| {
                vec![match value.origin {
                    Origin::Set => ctx.badge(Tone::Neutral, "plane.set"),
                    Origin::Default => ctx.badge(Tone::Neutral, "plane.default"),
                    Origin::Unset => ctx.badge(Tone::Neutral, "plane.unset"),
                    Origin::NotVisible => ctx.badge(Tone::Unknown, "plane.not_visible"),
                }]
            })),
        ]);
    }
    let names: Vec<Inline> =
        settings.iter().filter(unset).map(|setting| Inline::code(format!("{dashes}{}", setting.name))).collect();
    if !names.is_empty() {
        let mut text = vec![ctx.text("plane.nobody"), Inline::text(" ")];
        text.extend(join(names, ", "));
        grid.note(text);
    }
}

fn shown(ctx: &Ctx<'_>, value: &PlaneValue, several: bool) -> Vec<Inline> {
    let mut text = match value.origin {
        Origin::Set | Origin::Default => join(value.text.split(',').map(Inline::code), ", "),
        Origin::Unset => vec![Inline::text("–")],
        Origin::NotVisible => vec![Inline::text(&*value.text)],
    };
    if several {
        let nodes = value.nodes.join(", ");
        text.push(Inline::text(format!(" {}", ctx.t.fill("plane.on", &[("nodes", &nodes)]))));
    }
    text
}

/// Settings of kubelets.
pub(super) fn kubelets(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.kubelets", |cluster| {
        let fact = &cluster.facts.kubelets;
        let heads =
            [Head::name("column.setting", 40), Head::text("column.value", 44), Head::text("column.set_how", 16)];
        let mut grid = Grid::new(ctx, place, "kubelets", "table.kubelets", &heads);
        for kubelet in fact.seen() {
            let (name, how) = match kubelet.source {
                PlaneSource::Running => {
                    ("configz", Inline::text(ctx.t.fill("plane.on", &[("nodes", &kubelet.nodes.join(", "))])))
                }
                PlaneSource::Configured => ("kubelet-config", ctx.badge(Tone::Caution, "plane.configured")),
            };
            grid.group(vec![Inline::code(name), Inline::text(" "), how]);
            rows(ctx, &mut grid, &kubelet.settings, "");
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

/// How the API server is reached.
pub(super) fn endpoint(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.endpoint", |cluster| {
        let fact = &cluster.facts.endpoint;
        let heads =
            [Head::name("column.address", 36), Head::text("column.from", 28), Head::text("column.address_kind", 36)];
        let mut grid = Grid::new(ctx, place, "endpoint", "table.endpoint", &heads);
        let endpoint = fact.seen();
        if let Some(host) = &endpoint.host {
            let reach = match endpoint.reach {
                Reach::Public => ctx.badge(Tone::Caution, "reach.public"),
                Reach::Private => ctx.badge(Tone::Neutral, "reach.private"),
                Reach::Loopback => ctx.badge(Tone::Neutral, "reach.loopback"),
                Reach::Name | Reach::Unknown => ctx.badge(Tone::Unknown, "reach.name"),
            };
            grid.row(vec![
                Cell::new(vec![Inline::code(&**host)]),
                Cell::text(ctx.t.t("reach.kubeconfig")),
                Cell::new(vec![reach]),
            ]);
        }
        if !endpoint.inside.is_empty() {
            grid.row(vec![
                Cell::new(join(endpoint.inside.iter().map(|address| Inline::code(&**address)), ", ")),
                Cell::new(vec![Inline::text("Service "), Inline::code("default/kubernetes")]),
                Cell::text(ctx.t.t("reach.inside")),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

/// What went to and came from storage, and through which provider.
pub(super) fn encryption(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.encryption", |cluster| {
        let fact = &cluster.facts.encryption;
        let heads = [
            Head::name("column.resource", 30),
            Head::text("column.direction", 22),
            Head::text("column.provider", 34),
            Head::number("column.times"),
        ];
        let mut grid = Grid::new(ctx, place, "encryption", "table.encryption", &heads);
        for item in fact.seen() {
            let provider = match &item.provider {
                Some(provider) => vec![Inline::code(&**provider)],
                None => vec![ctx.badge(Tone::Caution, "plane.clear_text")],
            };
            let resource = if item.resource.is_empty() { ctx.t.t("word.unknown") } else { &item.resource };
            grid.row(vec![
                Cell::new(vec![Inline::code(resource)]),
                Cell::text(ctx.t.t(if item.written { "plane.written" } else { "plane.read" })),
                Cell::new(provider),
                Cell::text(item.count.to_string()),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

/// The certificate that the API server presented.
pub(super) fn certificate(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.api_certificate", |cluster| {
        let fact = &cluster.facts.api_certificate;
        let heads = [
            Head::name("column.certificate", 22),
            Head::text("column.hosts", 30),
            Head::text("column.issuer", 18),
            Head::text("column.tls", 14),
            Head::text("column.expires", 16),
        ];
        let mut grid = Grid::new(ctx, place, "api-certificate", "table.api_certificate", &heads);
        if let Some(certificate) = fact.seen() {
            let agreed = certificate.protocol.iter().chain(&certificate.cipher_suite);
            grid.row(vec![
                Cell::text(&*certificate.subject),
                Cell::new(observed::names(ctx, certificate.names.iter().map(String::as_str), 20)),
                Cell::text(&*certificate.issuer),
                lines(agreed.map(|text| vec![Inline::text(&**text)])),
                Cell::new(super::crypto::end(ctx, certificate.not_after, certificate.days_left)),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}
