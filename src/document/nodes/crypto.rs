//! Cryptography: as declared, in transit and at rest; certificates and storage as observed.

use super::{Ctx, Grid, Head, Place, inventory::component_cell, observed};
use crate::{
    document::{
        tree::{Block, Cell, Inline, Tone},
        words,
    },
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

/// Certificates that cert-manager keeps, soonest expiry first.
pub(super) fn certificates(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.certificates", |cluster| {
        let fact = &cluster.facts.certificates;
        let heads = [
            Head::name("column.certificate", 26),
            Head::text("column.component", 18),
            Head::text("column.hosts", 24),
            Head::text("column.issuer", 18),
            Head::text("column.expires", 14),
        ];
        let mut grid = Grid::new(ctx, place, "certificates", "table.certificates", &heads);
        let near = i64::from(ctx.ws.policy.certificate_days);
        for certificate in fact.seen() {
            let mut expires = match certificate.not_after {
                Some(time) => vec![Inline::text(words::date(time.date_naive()))],
                None => vec![ctx.badge(Tone::Bad, "crypto.not_issued")],
            };
            match certificate.days_left {
                Some(days) if days < 0 => expires.extend([Inline::Break, ctx.badge(Tone::Bad, "crypto.expired")]),
                Some(days) if days <= near => {
                    let text = ctx.t.count("crypto.days_left", usize::try_from(days).unwrap_or_default());
                    expires.extend([Inline::Break, Inline::Badge { tone: Tone::Caution, text }]);
                }
                _ => {}
            }
            grid.row(vec![
                Cell::new(vec![Inline::code(format!("{}/{}", certificate.namespace, certificate.name))]),
                component_cell(ctx, certificate.component.as_ref()),
                Cell::new(observed::names(ctx, certificate.dns_names.iter().map(String::as_str), 5)),
                Cell::text(&*certificate.issuer),
                Cell::new(expires),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

/// Storage classes and what they say of encryption.
pub(super) fn storage(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.storage", |cluster| {
        let fact = &cluster.facts.storage_classes;
        let heads = [
            Head::name("column.storage_class", 22),
            Head::text("column.provisioner", 26),
            Head::text("column.encrypted", 32),
            Head::number("column.claims"),
        ];
        let mut grid = Grid::new(ctx, place, "storage-classes", "table.storage", &heads);
        for class in fact.seen() {
            let mut encrypted = match class.encrypted {
                Some(true) => vec![ctx.badge(Tone::Good, "crypto.asks")],
                Some(false) => vec![ctx.badge(Tone::Bad, "crypto.asks_none")],
                None => vec![ctx.badge(Tone::Unknown, "crypto.not_said")],
            };
            for (key, value) in &class.encryption {
                encrypted.extend([Inline::Break, Inline::code(format!("{key} = {value}"))]);
            }
            let claims = class.claims.map_or_else(|| ctx.t.t("word.unknown").to_owned(), |claims| claims.to_string());
            grid.row(vec![
                Cell::new(vec![Inline::code(&*class.name)]),
                Cell::new(vec![Inline::code(&*class.provisioner)]),
                Cell::new(encrypted),
                Cell::text(claims),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}
