//! Backups: made, in time, to a place that is there, and restored for a test.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Answer, Evaluator, Question, Tally};
use crate::{
    facts::{Backups, Data},
    ownership::pattern::{self, Pattern},
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator { name: "backup-age", subjects: "volume claims with an objective", alone: false, ask: age },
    Evaluator { name: "backup-coverage", subjects: "volume claims", alone: false, ask: coverage },
    Evaluator { name: "backup-outcome", subjects: "backup schedules", alone: false, ask: outcome },
    Evaluator { name: "database-backup", subjects: "database clusters", alone: false, ask: databases },
    Evaluator { name: "restore-test", subjects: "pieces of data with an objective", alone: false, ask: restores },
];

const CLAIM: &str = "PersistentVolumeClaim";

fn seen<'b>(question: &Question<'b, '_>) -> &'b Backups {
    question.bench.backups().seen()
}

fn hours(since: DateTime<Utc>, as_of: DateTime<Utc>) -> String {
    match (as_of - since).num_hours() {
        hours @ 0..72 => format!("{hours} hours"),
        hours => format!("{} days", hours / 24),
    }
}

fn objective(minutes: u32) -> String {
    match minutes {
        minutes if minutes % 60 == 0 => format!("{} hours", minutes / 60),
        minutes => format!("{minutes} minutes"),
    }
}

/// Why data with a backup is late, if it is.
fn late(data: &Data, as_of: DateTime<Utc>) -> Option<String> {
    let (newest, minutes) = (data.newest?, data.objective?);
    (data.late == Some(true)).then(|| {
        let (age, objective) = (hours(newest, as_of), objective(minutes));
        format!("its newest completed backup is {age} old; the recovery point objective is {objective}")
    })
}

fn age(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let (mut judged, mut without) = (false, 0);
    for data in seen(question).data.iter().filter(|data| data.kind == CLAIM) {
        if data.objective.is_none() {
            without += 1;
            continue;
        }
        judged = true;
        tally.subject();
        if let Some(why) = late(data, question.bench.as_of) {
            tally.fail(data.spot, why);
        }
    }
    if !judged && without > 0 {
        let why = "no component with volumes declares a recovery point objective (recovery-point-objective)";
        return Answer::Manual(why.to_owned());
    }
    if without > 0 {
        tally.remark(format!("{without} volume claims have no declared objective"));
    }
    tally.answer()
}

fn coverage(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let seen = seen(question);
    let only = seen.data.iter().filter(|data| data.only_snapshot).count();
    if only > 0 {
        tally.remark(format!(
            "{only} volume claims have volume snapshots alone; whether those lie elsewhere than the volumes is not visible"
        ));
    }
    for data in seen.data.iter().filter(|data| data.kind == CLAIM) {
        tally.subject();
        if data.newest.is_none() {
            let why = match data.by.is_empty() {
                true => "no schedule takes its content".to_owned(),
                false => format!("{} takes it, but completed no backup", data.by.join(", ")),
            };
            tally.fail(data.spot, why);
        }
    }
    tally.answer()
}

fn databases(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    for data in seen(question).data.iter().filter(|data| data.kind == "Cluster") {
        tally.subject();
        match data.newest {
            None => tally.fail(data.spot, "no completed backup of it was seen"),
            Some(_) => {
                if let Some(why) = late(data, question.bench.as_of) {
                    tally.fail(data.spot, why);
                }
            }
        }
    }
    tally.answer()
}

fn outcome(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    for schedule in &seen(question).schedules {
        tally.subject();
        if let Some(phase) = schedule.last_phase.as_ref().filter(|phase| phase.contains("Failed")) {
            tally.fail(schedule.spot, format!("its newest backup ended as {phase}"));
        }
        if schedule.paused {
            tally.remark(format!("schedule {} is paused", schedule.name));
        }
    }
    tally.answer()
}

fn restores(question: &Question<'_, '_>) -> Answer {
    let Some(days) = question.bench.policy.restore_test_days else {
        let why = "the workspace does not declare how often a restore is tested (policy.restore-test-days)";
        return Answer::Manual(why.to_owned());
    };
    let backups = seen(question);
    let mut tally = Tally::default();
    let mut judged = false;
    for data in backups.data.iter().filter(|data| data.objective.is_some()) {
        judged = true;
        tally.subject();
        let tested = question.bench.join.component(data.spot).and_then(|component| component.restore_tested);
        let restored = backups.restores.iter().filter(|restore| {
            restore.phase == "Completed"
                && (restore.namespaces.is_empty() || pattern::any(&Pattern::list(&restore.namespaces), &data.namespace))
        });
        let last = restored.filter_map(|restore| Some(restore.ended?.date_naive())).chain(tested).max();
        match last {
            None => tally.fail(data.spot, "no restore of it was declared or seen"),
            Some(date) if question.bench.as_of.date_naive() - date > TimeDelta::days(days.into()) => {
                tally.fail(data.spot, format!("a restore was last tested on {date}; every {days} days is required"));
            }
            Some(_) => {}
        }
    }
    if !judged {
        let why = "no component with data declares a recovery point objective (recovery-point-objective)";
        return Answer::Manual(why.to_owned());
    }
    tally.answer()
}
