//! How a control is answered: by a statement of its own, or through statements for controls of other frameworks.
//!
//! Invariant: nothing here says more than the relation of a crosswalk does. What covers a control answers it as far as
//! it is itself answered; what only shares something with it answers a part.

use super::{Ctx, join};
use crate::{
    document::{
        tree::{Inline, Target, Tone},
        words,
    },
    frameworks::Relation,
    workspace::{ControlId, Implementation, ImplementationStatus, TeamId},
};

/// What answers one control.
pub(super) struct Answer<'a> {
    /// Its own statement.
    pub(super) own: Option<&'a Implementation>,
    /// Statements for controls of other frameworks, with what this control is to theirs.
    pub(super) through: Vec<(Relation, &'a Implementation)>,
    /// How many controls cover this one, all taken together; some of them may have no statement.
    together: usize,
}

/// How far a control is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// By its own statement, as that declares.
    Stated(ImplementationStatus),
    /// Through another control that covers it, as the statement for that one declares.
    Through(ImplementationStatus),
    /// In part, through others.
    Partly,
    /// By nothing.
    Open,
}

impl Met {
    /// The states in the order in which tables list them.
    pub(super) const KEYS: [&'static str; 9] = [
        "implementation.implemented",
        "implementation.partial",
        "implementation.planned",
        "implementation.alternative",
        "implementation.not_applicable",
        "answer.through",
        "answer.through_unfinished",
        "answer.partly",
        "answer.open",
    ];

    /// How its badge looks and what it says.
    pub(super) fn words(self) -> (Tone, &'static str) {
        match self {
            Met::Stated(status) => words::implementation(status),
            Met::Through(ImplementationStatus::Implemented | ImplementationStatus::Alternative) => {
                (Tone::Good, "answer.through")
            }
            Met::Through(_) => (Tone::Caution, "answer.through_unfinished"),
            Met::Partly => (Tone::Caution, "answer.partly"),
            Met::Open => (Tone::Bad, "answer.open"),
        }
    }
}

/// What answers a control.
pub(super) fn of<'a>(ctx: &Ctx<'a>, control: &ControlId) -> Answer<'a> {
    let own = ctx.implementation(control);
    let mut through = Vec::new();
    let mut together = 0;
    for framework in ctx.stated.iter().filter(|framework| **framework != control.framework()) {
        for link in ctx.frameworks.links(control, framework) {
            together += usize::from(link.relation == Relation::Together);
            let stated = ctx.implementation(&link.to);
            let applies = |item: &&Implementation| item.status != ImplementationStatus::NotApplicable;
            through.extend(stated.filter(applies).map(|item| (link.relation, item)));
        }
    }
    Answer { own, through, together }
}

impl<'a> Answer<'a> {
    /// How far.
    pub(super) fn met(&self) -> Met {
        use ImplementationStatus::{Alternative, Implemented, NotApplicable, Partial, Planned};
        if let Some(own) = self.own {
            return Met::Stated(own.status);
        }
        let covering = |wanted: &[ImplementationStatus]| {
            let mut all = self.through.iter().filter(|(relation, _)| relation.covers()).map(|(_, item)| item.status);
            all.find(|status| wanted.contains(status))
        };
        let finished = covering(&[Implemented, Alternative]);
        let joined = self.through.iter().filter(|(relation, _)| *relation == Relation::Together);
        let joined = joined.filter(|(_, item)| matches!(item.status, Implemented | Alternative)).count();
        let finished = finished.or((joined > 0 && joined == self.together).then_some(Implemented));
        if let Some(status) = finished.or_else(|| covering(&[Partial])).or_else(|| covering(&[Planned])) {
            return Met::Through(status);
        }
        match self.through.iter().any(|(_, item)| !matches!(item.status, NotApplicable | Planned)) {
            true => Met::Partly,
            false => Met::Open,
        }
    }

    /// The statements that answer: its own, else all that it is answered through.
    pub(super) fn statements(&self) -> Vec<&'a Implementation> {
        match self.own {
            Some(own) => vec![own],
            None => self.through.iter().map(|(_, item)| *item).collect(),
        }
    }

    /// Who answers for them, each team once.
    pub(super) fn teams(&self) -> Vec<&'a TeamId> {
        let mut teams = Vec::new();
        for item in self.statements() {
            if !teams.contains(&&item.team) {
                teams.push(&item.team);
            }
        }
        teams
    }

    /// Components that meet them, linked, each once.
    pub(super) fn components(&self, ctx: &Ctx<'_>) -> Vec<Inline> {
        let mut ids = Vec::new();
        for id in self.statements().into_iter().flat_map(|item| &item.components) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        join(ids.into_iter().map(|id| ctx.component_link(id)), ", ")
    }

    /// Where it is said: its own section of the plan, else those of the others, with the relation.
    pub(super) fn places(&self, ctx: &Ctx<'_>) -> Vec<Vec<Inline>> {
        if let Some(own) = self.own {
            return vec![vec![statement(&own.control, ctx.t.t("answer.statement"))]];
        }
        let mut lines: Vec<Vec<Inline>> = Vec::new();
        for relation in Relation::ALL {
            let items = self.through.iter().filter(|(known, _)| *known == relation);
            let links = join(items.map(|(_, item)| statement(&item.control, &ctx.label(&item.control))), ", ");
            if !links.is_empty() {
                let mut line = links;
                line.push(Inline::text(format!(" ({})", ctx.t.t(word(relation)))));
                lines.push(line);
            }
        }
        lines
    }
}

/// Key of a relation's word.
fn word(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "relation.equal",
        Relation::Subset => "relation.subset",
        Relation::Together => "relation.together",
        Relation::Superset => "relation.superset",
        Relation::Intersects => "relation.intersects",
    }
}

/// A link to a control's section in the plan.
fn statement(control: &ControlId, text: &str) -> Inline {
    Inline::Link {
        target: Target::Document("ssp".to_owned(), Some(super::controls::anchor(control))),
        text: vec![Inline::text(text)],
    }
}
