//! Cryptography: as declared, in transit and at rest; certificates as observed.

use chrono::{DateTime, Utc};

use super::{Ctx, Grid, Head, Place, inventory::component_cell, observed, table::lines};
use crate::{
    assess::ClusterEvidence,
    document::{
        tree::{Block, Cell, Inline, Tone},
        words,
    },
    facts::Certificate,
    workspace::CryptoState,
};

/// `node(name="cryptography", state="in-transit")`: declared protection of data in one state.
pub(super) fn declared(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let (state, id, key) = match place.argument("state")? {
        "in-transit" => (CryptoState::InTransit, "crypto-in-transit", "table.in_transit"),
        "at-rest" => (CryptoState::AtRest, "crypto-at-rest", "table.at_rest"),
        other => return Err(format!("there is no state `{other}`; write `in-transit` or `at-rest`")),
    };
    let heads = [
        Head::name("column.what_protected", 30),
        Head::text("column.mechanism", 22),
        Head::text("column.keys", 16),
        Head::text("column.rotation", 18),
        Head::text("column.component", 18),
    ];
    let mut grid = Grid::new(ctx, place, id, key, &heads);
    for item in ctx.ws.cryptography.iter().filter(|item| item.state == state) {
        grid.row(vec![
            Cell::text(&*item.what),
            Cell::text(&*item.mechanism),
            Cell::new(vec![ctx.team(&item.keys)]),
            Cell::text(item.rotation.as_deref().unwrap_or_else(|| ctx.t.t("crypto.no_rotation"))),
            Cell::new(item.component.as_ref().map(|id| ctx.component_link(id)).into_iter().collect()),
        ]);
    }
    grid.blocks()
}

/// Certificates that cert-manager keeps, soonest expiry first; then issuers, and what else issues.
pub(super) fn certificates(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.certificates", |cluster| {
        let fact = &cluster.facts.certificates;
        let heads = [
            Head::name("column.certificate", 24),
            Head::text("column.component", 16),
            Head::text("column.hosts", 22),
            Head::text("column.issuer", 16),
            Head::text("column.used_by", 20),
            Head::text("column.expires", 16),
        ];
        let mut grid = Grid::new(ctx, place, "certificates", "table.certificates", &heads);
        let ways = &cluster.facts.exposure.seen().ways;
        for certificate in fact.seen() {
            let secret = certificate.secret.as_ref().map(|secret| format!("{}/{secret}", certificate.namespace));
            let used: Vec<String> = ways
                .iter()
                .filter(|way| secret.as_ref().is_some_and(|secret| way.certificates.contains(secret)))
                .map(|way| format!("{} {}/{}", way.kind, way.namespace, way.name))
                .collect();
            let name = vec![Inline::code(format!("{}/{}", certificate.namespace, certificate.name))];
            let key = certificate.key.as_deref().map(|key| vec![Inline::text(key)]);
            grid.row(vec![
                lines(std::iter::once(name).chain(key)),
                component_cell(ctx, certificate.component.as_ref()),
                Cell::new(observed::names(ctx, certificate.dns_names.iter().map(String::as_str), 5)),
                Cell::text(&*certificate.issuer),
                Cell::new(observed::names(ctx, used.iter().map(String::as_str), 4)),
                Cell::new(expiry(ctx, certificate)),
            ]);
        }
        let mut blocks = observed::table(ctx, cluster, fact, grid);
        blocks.extend(issuance(ctx, place, cluster));
        blocks
    })
}

/// The day on which a certificate ends, and how near that is.
pub(super) fn end(ctx: &Ctx<'_>, time: DateTime<Utc>, days_left: i64) -> Vec<Inline> {
    let mut text = vec![Inline::text(words::date(time.date_naive()))];
    if days_left < 0 {
        text.extend([Inline::text(" "), ctx.badge(Tone::Bad, "crypto.expired")]);
    } else if days_left <= i64::from(ctx.ws.policy.certificate_days) {
        let left = ctx.t.count("crypto.days_left", usize::try_from(days_left).unwrap_or_default());
        text.extend([Inline::text(" "), Inline::Badge { tone: Tone::Caution, text: left }]);
    }
    text
}

/// End, days left, late renewal, and why it is not ready.
pub(super) fn expiry(ctx: &Ctx<'_>, certificate: &Certificate) -> Vec<Inline> {
    let mut text = match (certificate.not_after, certificate.days_left) {
        (Some(time), Some(days)) => end(ctx, time, days),
        (Some(time), None) => vec![Inline::text(words::date(time.date_naive()))],
        (None, _) => vec![ctx.badge(Tone::Bad, "crypto.not_issued")],
    };
    if let (true, Some(renewal)) = (certificate.overdue, certificate.renewal) {
        let due = ctx.t.fill("crypto.overdue", &[("date", &words::date(renewal.date_naive()))]);
        text.extend([Inline::Break, Inline::text(due)]);
    }
    if certificate.ready == Some(false) {
        let reason = certificate.reason.as_deref().unwrap_or_default();
        text.extend([Inline::Break, ctx.badge(Tone::Bad, "crypto.not_ready"), Inline::text(format!(" {reason}"))]);
    }
    text
}

/// Issuers, one row each; requests that failed and client certificates as remarks below.
fn issuance(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &ClusterEvidence) -> Vec<Block> {
    let fact = &cluster.facts.issuance;
    let heads = [Head::name("column.issuer", 34), Head::text("column.how", 44), Head::text("column.ready", 22)];
    let mut grid = Grid::new(ctx, place, "issuers", "table.issuers", &heads);
    for issuer in &fact.seen().issuers {
        let name = match &*issuer.namespace {
            "" => issuer.name.clone(),
            namespace => format!("{namespace}/{}", issuer.name),
        };
        let mut ready = observed::yes(ctx, issuer.ready, Some(true));
        ready.extend(issuer.reason.as_deref().map(|reason| Inline::text(format!(" {reason}"))));
        grid.row(vec![
            Cell::new(vec![Inline::text(format!("{} ", issuer.kind)), Inline::code(name)]),
            Cell::text(&*issuer.how),
            Cell::new(ready),
        ]);
    }
    let mut remark = |key: &str, names: Vec<String>| {
        if !names.is_empty() {
            let mut text = vec![ctx.text(key), Inline::text(" ")];
            text.extend(observed::names(ctx, names.iter().map(String::as_str), 12));
            grid.note(text);
        }
    };
    remark("crypto.failed_requests", fact.seen().failed_requests.clone());
    let clients = fact.seen().clients.iter().map(|it| format!("{} ({})", it.name, it.asked_by));
    remark("crypto.client_certificates", clients.collect());
    observed::table(ctx, cluster, fact, grid)
}
