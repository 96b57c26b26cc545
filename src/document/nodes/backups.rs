//! Backups: data with its newest backup, schedules with what they leave out, failures and restores.

use super::{Ctx, Grid, Head, Place, inventory::component_cell, observed, table::lines};
use crate::{
    assess::ClusterEvidence,
    document::{
        tree::{Block, Cell, Inline, Tone},
        words,
    },
    facts::{BackupTool, Data},
    workspace::{ComponentId, TeamId},
};

/// Data, schedules, failures and restores.
pub(super) fn all(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.backups", |cluster| {
        let fact = &cluster.facts.backups;
        let value = fact.seen();
        let mut blocks = data(ctx, place, cluster, None);
        let heads = [
            Head::name("column.schedule", 28),
            Head::text("column.namespaces", 30),
            Head::text("column.newest_backup", 22),
            Head::text("column.not_completed", 36),
        ];
        let mut grid = Grid::new(ctx, place, "backup-schedules", "table.schedules", &heads);
        for schedule in &value.schedules {
            let tool = match schedule.tool {
                BackupTool::Velero => "Velero",
                BackupTool::K8up => "k8up",
            };
            let mut named = vec![
                vec![Inline::code(&*schedule.name), Inline::text(format!(" ({tool})"))],
                vec![Inline::text(&*schedule.schedule)],
            ];
            if schedule.paused {
                named.push(vec![ctx.badge(Tone::Caution, "backup.paused")]);
            }
            let mut taken = vec![observed::names(ctx, schedule.covers.iter().map(String::as_str), 8)];
            if !schedule.leaves_out.is_empty() {
                let mut text = vec![ctx.text("backup.but"), Inline::text(" ")];
                text.extend(observed::names(ctx, schedule.leaves_out.iter().map(String::as_str), 8));
                taken.push(text);
            }
            if schedule.some_objects {
                taken.push(vec![ctx.badge(Tone::Caution, "backup.some_objects")]);
            }
            if !schedule.volumes {
                taken.push(vec![ctx.badge(Tone::Caution, "backup.no_volumes")]);
            }
            let own = value.failed.iter().filter(|failed| failed.schedule.as_ref() == Some(&schedule.name));
            grid.row(vec![
                lines(named),
                lines(taken),
                Cell::new(match schedule.last_completed {
                    Some(time) => vec![Inline::text(words::time(time))],
                    None => vec![ctx.badge(Tone::Bad, "backup.none")],
                }),
                lines(own.map(|failed| vec![Inline::code(&*failed.name), Inline::text(format!(" {}", failed.phase))])),
            ]);
        }
        if !value.uncovered.is_empty() {
            let mut text = vec![ctx.text("backup.uncovered"), Inline::text(" ")];
            text.extend(observed::names(ctx, value.uncovered.iter().map(String::as_str), 60));
            grid.note(text);
        }
        blocks.extend(observed::table(ctx, cluster, fact, grid));
        let heads = [
            Head::name("column.restore", 30),
            Head::text("column.from_backup", 34),
            Head::text("column.namespaces", 24),
            Head::text("column.outcome", 12),
            Head::text("column.date", 18),
        ];
        let mut grid = Grid::new(ctx, place, "restores", "table.restores", &heads);
        for restore in &value.restores {
            grid.row(vec![
                Cell::new(vec![Inline::code(&*restore.name)]),
                Cell::new(vec![Inline::code(&*restore.backup)]),
                Cell::new(observed::names(ctx, restore.namespaces.iter().map(String::as_str), 8)),
                Cell::text(&*restore.phase),
                Cell::text(restore.ended.map_or(String::new(), |time| words::date(time.date_naive()))),
            ]);
        }
        blocks.extend(observed::table(ctx, cluster, fact, grid));
        blocks
    })
}

/// What a team answers for, with its backups.
pub(super) fn of_team(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let team = &place.team()?.id;
    observed::each_cluster(ctx, "what.backups", |cluster| data(ctx, place, cluster, Some(team)))
}

/// Data, of one team or of all, with its newest backup.
fn data(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &ClusterEvidence, team: Option<&TeamId>) -> Vec<Block> {
    let fact = &cluster.facts.backups;
    let heads = [
        Head::name("column.data", 30),
        Head::text("column.component", 18),
        Head::text("column.backed_up_by", 22),
        Head::text("column.newest_backup", 18),
        Head::text("column.objective", 20),
    ];
    let mut grid = Grid::new(ctx, place, "backed-up-data", "table.backed_up", &heads);
    let wanted = |data: &&Data| team.is_none_or(|team| data.team.as_ref() == Some(team));
    for data in fact.seen().data.iter().filter(wanted) {
        let mut newest = match data.newest {
            Some(time) => vec![Inline::text(words::time(time))],
            None => vec![ctx.badge(Tone::Bad, "backup.none")],
        };
        if data.newest.is_some() && data.late == Some(true) {
            newest.extend([Inline::Break, ctx.badge(Tone::Bad, "backup.late")]);
        }
        grid.row(vec![
            Cell::new(vec![
                Inline::text(format!("{} ", data.kind)),
                Inline::code(format!("{}/{}", data.namespace, data.name)),
            ]),
            component_cell(ctx, data.component.as_ref()),
            Cell::new(observed::names(ctx, data.by.iter().map(String::as_str), 4)),
            Cell::new(newest),
            objective(ctx, data.component.as_ref()),
        ]);
    }
    observed::table(ctx, cluster, fact, grid)
}

/// Objectives of a component and when a restore was last tested, as declared.
fn objective(ctx: &Ctx<'_>, component: Option<&ComponentId>) -> Cell {
    let Some(component) = component.map(|id| ctx.component(id)) else { return Cell::text("") };
    let minutes = |key: &str, minutes: u32| {
        let text = match minutes {
            minutes if minutes % 60 == 0 => format!("{} h", minutes / 60),
            minutes => format!("{minutes} min"),
        };
        vec![Inline::text(ctx.t.fill(key, &[("time", &text)]))]
    };
    let declared = [
        component.recovery_point.map(|time| minutes("backup.recovery_point", time)),
        component.recovery_time.map(|time| minutes("backup.recovery_time", time)),
        component
            .restore_tested
            .map(|date| vec![Inline::text(ctx.t.fill("backup.restore_tested", &[("date", &words::date(date))]))]),
    ];
    let declared: Vec<_> = declared.into_iter().flatten().collect();
    if declared.is_empty() { Cell::text(ctx.t.t("word.not_declared")) } else { lines(declared) }
}
